{{ config(materialized='table') }}
select {{ run_started_at.year > 2000 }} as has_year, length('{{ invocation_id }}') as id_length,
  abs(date_diff('second', '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}'::timestamp, now()::timestamp)) < 86400 as is_now,
  {{ modules.datetime.datetime.now().year > 2000 }} as has_now, '{{ modules.datetime.date(2026, 1, 31) + modules.datetime.timedelta(days=1) }}' as next_day,
  '{{ modules.re.sub("[aeiou]", "", "dates") }}' as consonants, '{{ modules.pytz.timezone("Europe/Zurich") }}' as zone, {{ modules.itertools.chain([1], [2]) | list | length }} as two
