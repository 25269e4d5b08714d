"""What a batch must keep beyond its columns: each file here is one rule, named as specs name it."""
