"""The instruction numbers, under the name that other modules of the library know them by."""

from _dis import HAVE_ARGUMENT, opmap

_specializations = {}
_specialized_opmap = {}
