"""Days and times: the clock, business days, periods and the days of detention."""
