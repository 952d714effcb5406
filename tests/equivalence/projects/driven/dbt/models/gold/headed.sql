{{ config(sql_header="create or replace temp macro twice(x) as 2 * x;") }}
select id, twice(amount) as amount from {{ ref('orders') }}
