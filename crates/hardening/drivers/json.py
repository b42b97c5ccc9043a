"""`json`: mutated documents are loaded, dumped and loaded again."""
import json


def run(how, raw, text):
    try:
        value = json.loads(raw if how & 1 else text)
    except SystemError:
        raise
    except (ValueError, RecursionError):
        return
    options = ({}, {"indent": 2}, {"ensure_ascii": False}, {"sort_keys": True}, {"indent": "\t"},
               {"separators": (",", ":")}, {"allow_nan": False}, {"skipkeys": True})[how >> 1 & 7]
    try:
        dumped = json.dumps(value, **options)
    except ValueError:
        return
    again = json.loads(dumped)
    if repr(again) != repr(value) and "sort_keys" not in options:
        raise SystemError("another value comes back")
