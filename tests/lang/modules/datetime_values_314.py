# Dates, times, spans and zones: arithmetic, text both ways, and the errors' words.
import pickle
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo


def show(text):
    try:
        print(text, "->", repr(eval(text)))
    except Exception as e:
        print(text, "!!", type(e).__name__, e)


class Summer(tzinfo):
    """An hour of summer time, from April to October."""

    def utcoffset(self, dt):
        return timedelta(hours=1) + self.dst(dt)

    def dst(self, dt):
        return timedelta(hours=1 if 4 <= dt.month <= 10 else 0)

    def tzname(self, dt):
        return "100%"


class Twice(tzinfo):
    """The hour after one o'clock comes twice."""

    def utcoffset(self, dt):
        return timedelta(hours=1 if dt.fold else 2)

    def dst(self, dt):
        return timedelta(0)


class Mine(datetime):
    pass


d, t, span = date(2024, 2, 29), time(1, 2, 3, 4), timedelta(1, 2, 3)
dt = datetime(2024, 2, 29, 12, 30, 15, 5)
aware = dt.replace(tzinfo=Summer())
for text in """
timedelta(days=1.5, hours=-3, microseconds=0.5) ; timedelta(microseconds=1.5) ; timedelta(microseconds=2.5)
timedelta(days=10**30, hours=-24*10**30) ; timedelta(10**9) ; timedelta("a") ; timedelta(float("nan"))
span * 1.5 ; span / 3 ; span // 7 ; span % timedelta(hours=5) ; divmod(-span, timedelta(hours=5)) ; span / timedelta(1)
span * 10**20 ; span / 0 ; span / 1e-300 ; -span ; abs(-span) ; str(-span) ; str(span * 3) ; span.total_seconds()
timedelta.max + span ; timedelta.min - span ; span < 5 ; span == 5 ; bool(timedelta()) ; span.__reduce__()
date(0, 1, 1) ; date(2023, 2, 29) ; date(2023, 13, 1) ; date() ; date(1, 2, 3, 4) ; date("a", 1, 1) ; date(2**70, 1, 1)
d.isocalendar() ; d.isoweekday() ; d.toordinal() ; date.fromordinal(738945) ; date.fromordinal(0) ; d.timetuple()
d + timedelta(366) ; d - date(2000, 1, 1) ; date.max + timedelta(1) ; d - 5 ; d.replace(year=2025) ; d.__replace__(day=1)
date.fromisocalendar(2020, 53, 7) ; date.fromisocalendar(2021, 53, 1) ; date.fromisocalendar(2021, 1, 8)
date.fromisoformat("20240229") ; date.fromisoformat("2024-W09-4") ; date.fromisoformat("2024W094") ; date.fromisoformat("2024-2-29")
date(5, 1, 1).strftime("%Y|%G|%C|%F") ; d.strftime("%d.%m.%y %%") ; f"{d:%j}" ; f"{d}" ; d.ctime() ; d.strftime(5)
dt == d ; dt < d ; dt - d ; dt.date() == d ; datetime.combine(d, t) ; datetime.combine(d, 5) ; datetime(2024, 2, 29, 24)
dt - timedelta(days=1, microseconds=6) ; dt - datetime(2000, 1, 1) ; dt < aware ; dt == aware ; dt - aware
aware.utcoffset() ; aware.tzname() ; aware.strftime("%z %:z %Z %f") ; aware.utctimetuple() ; aware.astimezone(UTC) ; str(aware)
datetime(2024, 7, 1, tzinfo=UTC).astimezone(Summer()).isoformat() ; aware.timestamp() ; hash(aware) == hash(aware.astimezone(UTC))
datetime(2024, 1, 1, 1, 30, tzinfo=Twice()) == datetime(2023, 12, 31, 23, 30, tzinfo=UTC)
dt.isoformat(" ", "milliseconds") ; dt.isoformat("ab") ; dt.isoformat(timespec="x") ; repr(dt.replace(fold=1, tzinfo=UTC))
datetime.fromisoformat("2024-02-29T12:30:15,1234567+01:30") ; datetime.fromisoformat("20240229T24") ; datetime.fromisoformat("2024-02-29T12:3")
datetime.fromisoformat("2024-W09-4 01") ; datetime.fromisoformat("2024-02-29T00:00+24:00") ; datetime.fromisoformat("2024-02-29T24:01")
datetime.fromtimestamp(-0.5, UTC) ; datetime.fromtimestamp(1709209815.0000005, UTC) ; datetime.fromtimestamp(1e20, UTC) ; datetime.fromtimestamp("a")
datetime.fromtimestamp(253402300800, UTC) ; datetime.fromtimestamp(float("nan"), UTC) ; datetime.strptime("29 Feb 24 +0130", "%d %b %y %z")
Mine.fromisoformat("2024-02-29") + timedelta(1) ; type(Mine(1, 1, 1).replace(year=2)) ; Mine(1, 1, 1).astimezone(UTC).tzinfo
time(24) ; time(tzinfo=5) ; t.isoformat("minutes") ; time.fromisoformat("T010203.5Z") ; time.fromisoformat("24:00") ; t < time(tzinfo=UTC)
time(1, tzinfo=timezone(timedelta(hours=1))) == time(0, tzinfo=UTC) ; t.replace(hour=5, tzinfo=UTC) ; t.strftime("%H%M%S.%f") ; repr(time(1))
timezone(timedelta(hours=-1, minutes=-30)) ; str(timezone(timedelta(seconds=-1))) ; timezone(timedelta(0)) is UTC ; timezone(timedelta(1))
timezone.utc.utcoffset(5) ; timezone.utc.fromutc(dt) ; tzinfo().utcoffset(None) ; timezone.min ; UTC == timezone(timedelta(0), "x")
""".replace(";", "\n").splitlines():
    if text.strip():
        show(text.strip())
for value in (d, t, dt, span, UTC, timezone(timedelta(hours=1), "x"), t.replace(fold=1), dt.replace(fold=1, tzinfo=UTC), aware, Mine(1, 2, 3)):
    for protocol in range(6):
        back = pickle.loads(pickle.dumps(value, protocol))
        assert type(back) is type(value) and str(back) == str(value), value
    print(value.__reduce_ex__(5)[1][0])
print(date(b"\x07\xe8\x02\x1d"), datetime("\x07\xe8\x02\x1d\x01\x02\x03\x00\x00\x05"))
