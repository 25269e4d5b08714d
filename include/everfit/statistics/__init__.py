"""The statistics that verdicts rest on: plain functions of arrays that know nothing of gates, models or stores."""
