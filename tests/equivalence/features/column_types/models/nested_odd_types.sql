{{ config(materialized='table') }}
select [200::utinyint] as small_numbers, {'e': 'x'::enum('x', 'y'), 'j': '[]'::json, 'at': '2026-01-01 10:11:12.1'::timestamp_ms} as odd, map {'u': 1::ubigint} as m, [{'h': 5::hugeint}] as hs
