select 1 as number, {{ doubled('1') }} as twice
