select customer_id, name, city from {{ ref('customers_by_time') }} where dbt_valid_to is null
