MODEL (
  name bronze.raw_orders,
  kind FULL
);

SELECT order_id, customer, amount
FROM READ_CSV('data/orders.csv')
