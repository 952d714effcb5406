select 1 as different where false
