create temp table selected_members as
from (values ('a', 'stays'), ('a', 'was_here'), ('a', 'entered_in_an_earlier_try'), ('first', 'x'), ('built_later', 'y'))
    as selected (segment, subscriber_id);
