"""The nightly report by mail: to people of the team, once a day, by the way that every mail takes."""
