{{ config(materialized='table') }}
select 1::tinyint as t, 2::smallint as s, 3::integer as i, 4::bigint as b, 170141183460469231731::hugeint as h, 200::utinyint as ut, 60000::usmallint as us,
  4000000000::uinteger as ui, 18446744073709551615::ubigint as ub, 1.5::float as f, 2.5::double as d, 1.25::decimal(5, 2) as small_decimal, 12345678901234567890.123456789::decimal(38, 9) as large_decimal,
  true as flag, 'text' as text, '\xAA\x00'::blob as bytes, date '2026-01-01' as day, time '10:11:12.131415' as time_of_day,
  timestamp '2026-01-01 10:11:12.131415' as moment, timestamptz '2026-01-01 10:11:12.131415+02' as zoned, '2026-01-01 10:11:12'::timestamp_s as seconds,
  '2026-01-01 10:11:12.131'::timestamp_ms as millis, '2026-01-01 10:11:12.131415161'::timestamp_ns as nanos, '0ecd1b0c-1b0a-4f3e-9a34-5d5c3c9b7f10'::uuid as id,
  [1, 2, null] as numbers, [['a'], []] as lists_of_lists, {'x': 1, 'y': 'two', 'z': [1.5]} as structure, map {'a': 1, 'b': null} as mapped, '{"a": [1]}'::json as document,
  'b'::enum('a', 'b') as choice, [1, 2, 3]::integer[3] as fixed, null as nothing, date 'infinity' as never
union all by name select null::tinyint as t
