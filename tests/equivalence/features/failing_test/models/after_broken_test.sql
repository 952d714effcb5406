select * from {{ ref('broken_test_subject') }}
