select
    1 as "order",
    'x' as "with space",
    true as "naïve",
    2.5 as "1st",
    'y' as "UPPER",
    'z' as "dot.ted",
    null::varchar as "hy-phen"
