"""Trends: what past series say about coming months, each form chosen by its score on months it had not seen."""
