-- Thousands of rows in, joined, sorted, searched, changed and deleted, with long texts and blobs in between.
create table customers(id integer primary key, name text not null, city text, since text);
create table orders(id integer primary key, customer integer references customers, total real, note text);
create table items(orders integer, line integer, sku text, amount integer, primary key (orders, line)) without rowid;

with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
insert into customers
select i, printf('customer %05d %s', (i * 7919) % 20011, substr('abcdefghijklmnopqrstuvwxyz', i % 26 + 1)),
       'city ' || (i * 31 % 97), date('2001-01-01', '+' || (i * 13 % 5000) || ' days')
from n;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 12000)
insert into orders
select i, i * 6151 % 2000 + 1, (i * 37 % 10007) / 8.0, replace(printf('%*d', i % 400, i), ' ', 'x') from n;
insert into items
select o.id, l.value, printf('sku-%d', o.id * l.value % 499), o.id % 9 + 1
from orders o, json_each('[1,2,3]') l;

create index orders_by_customer on orders(customer, total);
create unique index customers_by_name on customers(name, id);
analyze;

select 'counts', (select count(*) from customers), (select count(*) from orders), (select count(*) from items);
select name, city, since from customers order by since desc, name limit 5;
select c.city, count(*), round(sum(o.total), 2), max(length(o.note))
from customers c join orders o on o.customer = c.id group by c.city having count(*) > 123 order by 3 desc limit 10;
select i.sku, sum(i.amount) as pieces, count(distinct o.customer)
from items i join orders o on o.id = i.orders join customers c on c.id = o.customer
where c.name like '%xyz' or c.city in ('city 3', 'city 5') group by i.sku order by pieces desc, i.sku limit 8;
select id, total, rank() over (partition by customer order by total desc) as place,
       round(sum(total) over (order by id rows between 4 preceding and current row), 3)
from orders where id between 4990 and 5000 order by id;
select length(group_concat(note, ',')), hex(substr(group_concat(name), 1000, 12))
from orders join customers on customers.id = customer;
with recursive tree(id, depth, path) as (
  select 1, 0, '1' union all
  select tree.id * 2 + b.value, depth + 1, tree.path || '/' || (tree.id * 2 + b.value) from tree, json_each('[0,1]') b where depth < 9)
select depth, count(*), max(length(path)), max(tree.path) from tree group by depth;
select json_group_array(json_object('id', id, 'city', city)) from (select id, city from customers limit 5);

create virtual table notes using fts5(body);
insert into notes(rowid, body) select id, name || ' lives in ' || city || ' since ' || since from customers;
select count(*), min(rowid), max(rowid) from notes where notes match '(city AND 2005*) OR "in city 42"';
select snippet(notes, 0, '[', ']', '...', 6) from notes where notes match 'lives AND xyz' order by rank, rowid limit 3;

begin;
update orders set note = note || upper(hex(id)) || zeroblob(id % 50) where id % 7 = 0;
delete from items where orders in (select id from orders where total < 300);
delete from orders where total < 300;
savepoint half;
delete from customers where id % 2 = 0;
select 'inside', (select count(*) from customers);
rollback to half;
commit;
select 'after', count(*), sum(length(note)), typeof(max(note)) from orders;
select count(*) from items where orders not in (select id from orders);
create table copies as select randomblob(id % 700) as bytes, id from orders;
select sum(length(bytes)), hex(max(substr(bytes, 1, 9))) from copies;
select quote(substr(bytes, 1, 20)) from copies order by bytes limit 3;
drop table notes;
vacuum;
reindex;
pragma integrity_check;
select printf('%.15g|%10.4f|%e|%,d', 1e300 / 7, 2.0 / 3, 12345.678, 1234567890123);
select 1 / 0, abs(-9223372036854775807), round(2.5), substr('freehold', -4), instr('freehold', 'hold');
select * from missing;
