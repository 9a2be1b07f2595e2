"""The IMF's SDMX service: the list of economies, then flows in two blocks of reporters.

Written from recorded replies of the service (structure-specific SDMX-ML 2.1), with few partners and
years and made-up values, in dollars although SCALE says 6, which is how the portal shows them. The
years are those before the codes of the Soviet Union and of Yugoslavia changed their states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import Reply

COLUMN = (b"COUNTERPART_COUNTRY=", b"COUNTERPART_AREA=")
PIECE = 1
NAMES = {
    "AFR": "African Department",
    "CHN": "China, People's Republic of",
    "G001": "World",
    "G110": "Advanced Economies",
    "IRN": "Iran, Islamic Republic of",
    "RUS": "Russian Federation",
    "SAU": "Saudi Arabia",
    "TX899": "Special Categories",
    "USA": "United States",
    "YUG": "Yugoslavia, SFR",
}
REPORTERS = ("CHN", "IRN", "RUS", "SAU", "USA", "YUG")
# Dollars by counterpart, for 1989 to 1991; None where nothing is recorded.
CHINA = {
    "G001": (1000e9, 1100e9, 1200e9),
    "G110": (650e9, 700e9, 800e9),
    "IRN": (6353e6, 4578e6, None),
    "SAU": (78000e6, 64000e6, 57000e6),
    "TX899": (115647e6, 131422e6, 143000e6),
    "USA": (800e9, 900e9, 1000e9),
}
YUGOSLAVIA = {"G001": (12e9,), "USA": (12e9,)}
_HEAD = """<?xml version='1.0' encoding='UTF-8'?>
<message:StructureSpecificData xmlns:ss="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/structurespecific" xmlns:footer="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message/footer" xmlns:ns1="urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=IMF.STA:IMTS(1.0.0):ObsLevelDim:TIME_PERIOD" xmlns:message="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" xmlns:common="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xml="http://www.w3.org/XML/1998/namespace">
<message:Header><message:ID>IMTS</message:ID><message:Test>false</message:Test><message:Prepared>2026-08-08T12:00:00Z</message:Prepared><message:Sender id="IMF"/><message:Structure structureID="IMF.STA_IMTS_1_0_0" namespace="urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=IMF.STA:IMTS(1.0.0):ObsLevelDim:TIME_PERIOD" dimensionAtObservation="TIME_PERIOD"><common:StructureUsage><Ref agencyID="IMF.STA" id="IMTS" version="1.0.0"/></common:StructureUsage></message:Structure><message:DataSetAction>Replace</message:DataSetAction></message:Header>
<message:DataSet ss:dataScope="DataStructure" xsi:type="ns1:DataSetType" ss:structureRef="IMF.STA_IMTS_1_0_0" action="Replace" LANGUAGE="EN" PUBLISHER="IMF" UPDATE_DATE="2026-08-05T23:36:59.553138600Z" DEPARTMENT="STA">
<Group INDICATOR="MG_CIF_USD" xsi:type="ns1:INDICATOR_GROUP" TRADE_FLOW="MG" VALUATION="CIF" UNIT="USD"/>
"""  # noqa: E501
_FOOT = "</message:DataSet></message:StructureSpecificData>\n"


def message(series: Mapping[tuple[str, str], Mapping[str, tuple]], last: int = 1991) -> bytes:
    """A message of these flows, by reporter and indicator; the last figure is of year `last`."""
    lines = []
    for (reporter, indicator), flows in series.items():
        for counterpart, values in flows.items():
            observations = "".join(
                f'<Obs TIME_PERIOD="{last - len(values) + 1 + at}" OBS_VALUE="{value:.0f}" '
                'DERIVATION_TYPE="M" ACCESS_SHARING_LEVEL="PUBLIC_OPEN"/>'
                for at, value in enumerate(values)
                if value is not None
            )
            lines.append(
                f'<Series COUNTRY="{reporter}" INDICATOR="{indicator}" '
                f'COUNTERPART_COUNTRY="{counterpart}" FREQUENCY="A" SCALE="6" OVERLAP="OL">'
                f"{observations}</Series>\n"
            )
    return (_HEAD + "".join(lines) + _FOOT).encode()


def codes() -> bytes:
    """The list of economies."""
    listed = "".join(
        f'<str:Code id="{code}"><com:Name xml:lang="en">{name}</com:Name></str:Code>\n'
        for code, name in NAMES.items()
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<mes:Structure xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" '
        'xmlns:str="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" '
        'xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"><mes:Structures>'
        '<str:Codelists><str:Codelist id="CL_IMTS_COUNTRY" agencyID="IMF.STA" version="1.0.0">'
        f'<com:Name xml:lang="en">Country</com:Name>\n{listed}'
        "</str:Codelist></str:Codelists></mes:Structures></mes:Structure>\n"
    ).encode()


def replies(edit: Callable[[bytes], bytes] = lambda data: data) -> list[Reply]:
    """The list, then the flows of five reporters and of the sixth."""
    blocks = {
        REPORTERS[:5]: message(
            {
                ("CHN", "MG_CIF_USD"): CHINA,
                ("CHN", "XG_FOB_USD"): {"G001": (100e9,), "USA": (100e9,)},
                ("SAU", "XG_FOB_USD"): {"G001": (50e9, 60e9), "CHN": (50e9, 60e9)},
            }
        ),
        REPORTERS[5:]: message({("YUG", "XG_FOB_USD"): YUGOSLAVIA}, last=1990),
    }
    data = [
        Reply(
            f"/data/IMF.STA,IMTS/{'+'.join(asked)}.MG_CIF_USD+XG_FOB_USD..A",
            edit(body),
            "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
            query={"startPeriod": "1948"},
        )
        for asked, body in blocks.items()
    ]
    listing = Reply("/codelist/IMF.STA/CL_IMTS_COUNTRY", codes(), "application/xml")
    return [listing, *data]
