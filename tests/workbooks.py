"""Workbooks as Excel and LibreOffice write them, made of rows of plain values."""

from __future__ import annotations

import base64
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

Rows = Sequence[Sequence[object]]

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def xlsx(sheets: Mapping[str, Rows], *, first_row: int = 1) -> bytes:
    """An .xlsx file; a datetime is a number in the format of a time, as in Excel."""
    names = list(sheets)
    links = "".join(
        f'<Relationship Id="s{i}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i, _ in enumerate(names)
    )
    listed = "".join(
        f'<sheet name="{escape(n)}" sheetId="{i + 1}" r:id="s{i}"/>' for i, n in enumerate(names)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="w" '
        f'Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}">'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}<Relationship '
        f'Id="y" Type="{_LINKS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="22"/></cellXfs></styleSheet>',
    }
    for i, rows in enumerate(sheets.values()):
        body = "".join(_xlsx_row(number, row) for number, row in enumerate(rows, first_row))
        parts[f"xl/worksheets/sheet{i}.xml"] = (
            f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'
        )
    return _packed(parts)


def ods(sheets: Mapping[str, Rows]) -> bytes:
    """An .ods file of text, numbers and times."""
    tables = "".join(
        f'<table:table table:name="{escape(name)}">{"".join(map(_ods_row, rows))}</table:table>'
        for name, rows in sheets.items()
    )
    content = (
        f'<office:document-content xmlns:office="{_ODF}:office:1.0" xmlns:table="{_ODF}:table:1.0" '
        f'xmlns:text="{_ODF}:text:1.0"><office:body><office:spreadsheet>{tables}</office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<manifest:manifest xmlns:manifest="{_ODF}:manifest:1.0"><manifest:file-entry '
        f'manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    return _packed({"mimetype": kind, "META-INF/manifest.xml": manifest, "content.xml": content})


def xls() -> bytes:
    """An .xls file of two tickets, as an old Excel wrote it: id, at, note."""
    return zlib.decompress(base64.b85decode("".join(_XLS)))


def _xlsx_row(number: int, row: Sequence[object]) -> str:
    cells = "".join(_xlsx_cell(f"{chr(65 + i)}{number}", value) for i, value in enumerate(row))
    return f'<row r="{number}">{cells}</row>' if cells else ""


def _xlsx_cell(place: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime):
        days = (value - datetime(1899, 12, 30)).total_seconds() / 86_400  # noqa: DTZ001
        return f'<c r="{place}" s="1"><v>{days!r}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def _ods_row(row: Sequence[object]) -> str:
    return f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>"


def _ods_cell(value: object) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, datetime):
        kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
    elif isinstance(value, int | float):
        kind = f'office:value-type="float" office:value="{value!r}"'
    else:
        kind = 'office:value-type="string"'
    return f"<table:table-cell {kind}><text:p>{escape(str(value))}</text:p></table:table-cell>"


def _packed(parts: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return packed.getvalue()


_XLS = (
    "c-rk)O=wd=5dQWhX?|$amzb8eVh91N*7hJ?q)=0(wY{WNEBJ$;X_G@pNhIc?2aVPo1;LZzrBDxEs$Tp-4|-D&DtZtE"
    "AyE*-lc3<C&2wh*Qq!o=fEKFn3p+bIvokx{o!x!!y;$%SXYX{CP>0>Hp=`L(R3lSV+|`B-(i;Y|)!IeHu&}P+cF{sM"
    "Iq<OMxs%tB*SiD_x9v}e0`I6C!%2)~(uvR-Vz0yyQyjwpQHARy@uE|r@(Z03x<TkI>G??LphzwW9iYBNbrcJcv7TLK"
    "79ZBaqVt0N-V>WQBH4j9JmoAtcUe{XI<P03j7_gIMbO@iInaWRB+`j2w>xlyW(r3LebH#&&`@Y}v_Bf{pO`2jK&w87"
    "uSN*?Qr+H<LzaAP<q9PKwo>l=jod}6Suek$*?~Na6S7+hXoYTPjS~lxQ>jGm)FL*4C0r=klW`)k9JSJ!T!QlFqleFT"
    "IS=#|=Ru3?lV+lE^2)qVc8gANEZ+S5GCDaPIWCgC+yRxFVl&4B1LxU-jJ=|<Ez=&c*e>*fc-<&`m(T#EGS%JVZ6>pC"
    "M*3V7Z8wdxQ}8OXrH0>1eBsmn`@zEd$Ts5VM@nY`^RFYb2-D3KCwu<QpjY*(YgZW$BGp=%r^;KQoj;v0E=@OMH_Yp>"
    "6-)34>l0dO@$9JOmS)ZsTdO+jvzkX_J_K1qGsMyP@ocyQ)A<jB>_LeKo9RLOg$GSMgiQ~ccwnT-Lq*RX+WAh`{J6{A"
    ">4f|N4=h-)V8Ma~3l=Q=KTwsI0eQmY=XHnq%<nY6>nu?zTc1h(SsXxyemQ!V97dYzEKWC+Kkaa+sxP%lo9g#M#vvL#"
    "ixeg$j#R_>OYdx|_W!KfQ2%pVsL}Dujl}tv$Nvugq}VC"
)
