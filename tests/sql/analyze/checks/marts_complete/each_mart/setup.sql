create table marts.sends as from range(1);
create table marts.events as from range(2);
create table marts.campaign_performance as from range(3);
create table marts.lifecycle as from range(4);
create or replace table dispatch.sends as from range(5);
create or replace table engagement.events as from range(6);
create or replace table dispatch.plans as from range(7);
