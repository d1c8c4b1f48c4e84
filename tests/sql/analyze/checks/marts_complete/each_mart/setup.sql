create table marts.sends as from range(1);
create table marts.events as from range(2);
create table marts.campaign_performance as from range(3);
create table marts.lifecycle as from range(4);
create or replace table dispatch.sends as select 'm' || range as message_key from range(5);
create or replace table engagement.events as
select 'm' || range as message_key, if(range = 0, 'unsubscribed', 'clicked') as event, 'human' as verdict from range(6);
insert into engagement.opt_outs select 'm' || range, now() from range(9);
create or replace table dispatch.plans as from range(7);
