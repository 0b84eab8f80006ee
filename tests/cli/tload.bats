load helpers

setup() { cd "$BATS_TEST_TMPDIR"; }

# same TEXT: load it, show it; but for the history it must come back as it was
same() {
    printf '%s\n' "$1" >want
    tload want | tshow --data | grep -v '^history tload' >got
    diff want got
}

# refuse LINE MESSAGE: the text on standard input is refused at that line, in those words
refuse() {
    local rc=0
    tload >out 2>err || rc=$?
    [ "$rc" -eq 1 ] || { echo "status $rc"; return 1; }
    diff err <(echo "tload: standard input:$1: $2")
}

@test "everything a stream can hold comes back as it was" {
    same 'weir-text 1
shard 1 1
total 3 1000
history "two words" -x "" @0.1.0
model arch=llama
model hidden=64
model rope_theta=10000.0
model tiny=1e-300
model limit=9223372036854775807
model low=-9223372036854775808
model tied=false
model odd="123"
model word="true"
model list=<93010203>
meta format=pt
more "a key"="line\nbreak \\ \"quoted\" \x01 tab\t"
manifest a BF16 [2, 3]
manifest "b c" F64 []
blob config.json
|{"a": 1}
|
:no line feed
blob empty
blob bytes
=AAEC/wA=
stat s n=3
|payload
tensor a [2, 3] role=mlp.up layer=0 dtype=BF16
part norm2 F32 [3]
1 0.1 3.4028235e+38
part gram F32 [3, 3] shared=true
1 0 0
0 1 0
0 0 1
term dense
part dense BF16 [2, 3]
1 -0 0.1
nan inf -inf
tensor "b c" []
term dense
part dense F64 []
0.1
end hidden=32'
}

@test "all types, to their ends" {
    same 'weir-text 1
tensor t [2]
part u64 U64 [2]
0 18446744073709551615
part i64 I64 [2]
-9223372036854775808 9223372036854775807
part f64 F64 [3]
4.94065645841247e-324 1.7976931348623157e+308 nan:7ff8000000000001
part c64 C64 [1]
18446744073709551615
part f32 F32 [4]
1.4013e-45 -3.4028235e+38 nan:ffc00000 16777216
part u32 U32 [2]
0 4294967295
part i32 I32 [2]
-2147483648 2147483647
part bf16 BF16 [3]
9.18e-41 3.39e+38 nan:ffc0
part f16 F16 [3]
5.96e-08 65504 -1.001
part u16 U16 [1]
65535
part i16 I16 [2]
-32768 32767
part e4m3 F8_E4M3 [4]
448 0.002 -0 nan
part e5m2 F8_E5M2 [3]
57344 1.5e-05 -inf
part e4m3fnuz F8_E4M3FNUZ [2]
128 255
part e5m2fnuz F8_E5M2FNUZ [1]
128
part e8m0 F8_E8M0 [1]
255
part i8 I8 [2]
-128 127
part u8 U8 [1]
255
part f6a F6_E3M2 [4]
0 1 62 63
part f6b F6_E2M3 [4]
63 32 0 1
part f4 F4 [2, 4]
0 1 14 15
7 8 9 10
part bool BOOL [2]
0 1
term dense
part dense F32 [2]
1 2
end'
}

@test "every BF16 and every F16 is read back to its bits" {
    for t in BF16 F16; do
        python3 -c "
print('weir-text 1\ntensor w [1]\npart bits U16 [65536]')
print(*range(65536))
print('term dense\npart dense F32 [1]\n0\nend')" | tload >bits.weir
        # the same bytes under the type's name: change the header's text, which has the same meaning but for the type
        tshow --data bits.weir | python3 -c "
import sys, struct
t = '$t'
for l in sys.stdin:
    if l.startswith('part bits'):
        print('part bits %s [65536]' % t)
        bits = next(sys.stdin).split()
        def word(b):
            b = int(b)
            if t == 'F16':
                v = struct.unpack('<e', struct.pack('<H', b))[0]
                usual = 0x7e00
            else:
                v = struct.unpack('<f', struct.pack('<I', b << 16))[0]
                usual = 0x7fc0
            if v != v:
                return 'nan' if b == usual else 'nan:%x' % b
            return repr(v)
        print(*map(word, bits))
    else:
        print(l, end='')" | tload >one.weir
        tshow --data one.weir | tload | tdiff one.weir -
        python3 -c "
import struct, sys
d = open('one.weir', 'rb').read()
want = struct.pack('<65536H', *range(65536))
assert want in d, 'the bits are not all there'"
    done
}

@test "comments, blank lines, blanks and hexadecimal floats are read" {
    printf '# a comment\n\nweir-text 1\n  tensor   w  [ 2 ,2 ]  \nterm dense\n\t part dense F32 [2,2]\n0x1.8p+1\t 2 \n\n# between\n 3 4\nend\n' | tload | tshow --data | grep -A 2 '^part' |
        diff - <(printf 'part dense F32 [2, 2]\n3 2\n3 4\n')
}

@test "several segments" {
    printf 'weir-text 1\nmodel a=1\nend\nweir-text 1\nmodel a=2\ntensor w [0]\nterm dense\npart dense F16 [0]\nend\n' | tload >two.weir
    [ "$(tcat two.weir | tshow | grep -c '^w')" -eq 1 ]
}

@test "what is wrong is said with its line" {
    printf 'weir-text 1\ntensor w [2, 4]\nterm dense\npart dense F32 [2, 4]\n1 2 3 4\n1 2 3\nend\n' |
        refuse 6 'row 1 of part dense has 3 numbers, shape [2, 4] needs 4'
    printf 'weir-text 1\ntensor w [2]\nterm dense\npart dense F16 [2]\n1 70000\nend\n' |
        refuse 5 'row 0 of part dense: 70000 is out of the range of F16'
    printf 'weir-text 1\ntensor w [2]\nterm dense\npart dense I8 [2]\n1 x\nend\n' |
        refuse 5 "row 0 of part dense: 'x' is not a number of type I8"
    printf 'weir-text 1\ntensor w [1]\nterm dense\npart dense U8 [1]\n-1\nend\n' |
        refuse 5 'row 0 of part dense: -1 is out of the range of U8'
    printf 'weir-text 1\ntensor w [1]\nterm dense\npart dense F33 [1]\n' | refuse 4 'F33 is no type of elements'
    printf 'weir-text 1\ntensor w [1]\nterm dense\npart dense F32 [1]\n1\npart dense F32 [1]\n1\nend\n' | refuse 6 'part dense is there twice'
    printf 'weir-text 2\n' | refuse 1 'this is version 2 of the text form; this program reads version 1'
    printf 'hello\n' | refuse 1 "'weir-text 1' is missing before 'hello'"
    printf 'weir-text 1\nmodel a=1 a=2\nend\n' | refuse 2 'a= is given twice'
    printf 'weir-text 1\nmodel a=99999999999999999999\nend\n' | refuse 2 'a=99999999999999999999 is neither a number of 64 bits nor a word that begins with a letter; put it into quotes'
    printf 'weir-text 1\ntensor w 3\n' | refuse 2 "a shape such as [2, 3] is missing before '3'"
    printf 'weir-text 1\nblob a\n=AAE\nend\n' | refuse 3 "base64 does not go on at 'AAE'"
    printf 'weir-text 1\nmanifest a F32 [2]\nmanifest b - [2]\nend\n' | refuse 3 'a has a type and another has not'
    printf 'weir-text 1\ntensor "a\n' | refuse 2 'a quoted word does not end on its line'
    printf 'weir-text 1\ntensor w [4, 4]\nterm dense\npart dense F32 [4, 4]\n1 2 3 4\n' |
        refuse 5 'the text ends before row 1 of part dense, which has 4'
}

@test "what no reader would take is not written" {
    printf 'weir-text 1\ntensor w [2] shape=3\nend\n' | refuse 3 'w: header: key "shape" is there twice'
    printf 'weir-text 1\ntensor w [2] layer=x\nend\n' | refuse 3 'w: header: layer should be an integer, is a string'
    printf 'weir-text 1\ntensor "" [2]\nend\n' | refuse 3 'name of 0 bytes: 1 to 4096 bytes of UTF-8 are allowed'
    printf 'weir-text 1\nmore v=2\nend\n' | refuse 3 'head: key "v" is there twice'
    printf 'weir-text 1\nshard 3 2\nend\n' | refuse 2 'shard 3 of 2: counted from 1, 1048576 at most'
    printf 'weir-text 1\nblob a/../b\nend\n' | refuse 2 'name "a/../b" is no path of plain file names'
    printf 'weir-text 1\nstat a/b\nend\n' | refuse 2 'name "a/b" is no plain file name'
}

@test "a text of nothing is no stream" {
    for t in '' '\n\n' '# only a comment\n'; do
        run sh -c "printf '$t' | tload"
        [ "$status" -eq 1 ]
        [ "$output" = "tload: standard input: is empty, not the text form of a stream" ]
    done
}

@test "a text that is cut anywhere is refused" {
    printf 'weir-text 1\nmodel a=1\nblob b\n|x\ntensor w [2, 2]\nterm dense\npart dense F32 [2, 2]\n1 2\n3 4\nend\n' >whole
    n=$(stat -c %s whole)
    for at in $(seq 0 $((n - 2))); do
        head -c "$at" whole >cut
        run tload cut
        [ "$status" -eq 1 ] || { echo "cut at $at: status $status"; return 1; }
        [ "$(tload cut 2>&1 >/dev/null | wc -l)" -eq 1 ]
    done
}

@test "a huge claim costs nothing" {
    printf 'weir-text 1\ntensor w [1048576, 1048576]\nterm dense\npart dense F32 [1048576, 1048576]\n1 2\n' |
        refuse 5 'row 0 of part dense has 2 numbers, shape [1048576, 1048576] needs 1048576'
}

@test "the form's own check is made" {
    printf 'weir-text 1\ntensor w [2, 4]\nterm dense\npart dense F32 [2, 3]\n1 2 3\n1 2 3\nend\n' >t
    run tload t
    one_line_error 1 tload
    [[ $output == *"[2, 3]"*"[2, 4]"* ]]
}
