select {{ helpers.star(ref('orders'), except=[var('skipped')]) }} from {{ ref('orders') }}
