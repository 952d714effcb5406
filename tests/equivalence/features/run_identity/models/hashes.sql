{{ config(materialized='table') }}
select '{{ local_md5("a") }}' as md5, '{{ tojson({"a": [1, 2]}) }}' as json, '{{ fromyaml("b: 2")["b"] }}' as from_yaml, '{{ set([1, 1]) | length }}' as members, '{{ zip([1], [2]) | list }}' as zipped, '{{ thread_id is defined }}' as has_thread
