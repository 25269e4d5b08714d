"""The common expectations, answered while the rows stream by once; what is not certain is left to Great Expectations.

Each answer is equal to the one that GX gives on the frame that `read_table` makes: a test compares them, kind by kind.
"""
