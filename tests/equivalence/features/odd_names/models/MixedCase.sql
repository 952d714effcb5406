select "order", "Mixed Case" as "Mixed", "größe" as "GRÖSSE", "1st" from {{ ref('order') }}
