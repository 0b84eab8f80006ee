# helpers: what the tests themselves say when they fail.
load helpers

@test "a comparison that does not hold shows both values" {
    run [ "two  words" = "two words" ]
    [ "$status" -eq 1 ] && [ "$output" = "'two  words' = 'two words' does not hold" ]
    run [ 3 -lt 2 ]
    [ "$status" -eq 1 ] && [ "$output" = "'3' -lt '2' does not hold" ]
    run [ ! -e "$TOP" ]
    [ "$status" -eq 1 ] && [ "$output" = "" ]
    run [ a = a ]
    [ "$status" -eq 0 ]
}
