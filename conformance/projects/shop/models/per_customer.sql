{{ config(materialized='table', indexes=[{'columns': ['customer'], 'unique': true}],
          pre_hook="create table if not exists {{ target.schema }}.hook_log (said text)",
          post_hook="insert into {{ target.schema }}.hook_log values ('built {{ this.identifier }}')") }}
select customer, count(*) as orders, sum(amount) as amount from {{ ref('stg_orders') }} group by customer
