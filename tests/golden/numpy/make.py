#!/usr/bin/env python3
"""Arrays as numpy 1.24 saves them: make.py, in this folder. The files are committed; tests need no numpy."""
import numpy as np

a = {"x": np.arange(6, dtype="f4").reshape(2, 3), "f": np.asfortranarray(np.arange(24, dtype="i2").reshape(2, 3, 4)), "s": np.float64(3),
     "b": np.array([True]), "h": np.zeros((0, 3), "f2"), "c": np.ones(2, "c8"), "u": np.arange(5, dtype="u1"), "big/name": np.arange(3, dtype="i8")}
np.savez("plain.npz", **a)
np.savez_compressed("packed.npz", **a)
np.save("f.npy", np.asfortranarray(np.arange(12, dtype="u4").reshape(3, 4)))
