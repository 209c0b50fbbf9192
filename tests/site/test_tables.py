"""Tables of sentences are told from others when the book is built."""

from lecturelib.site.tables import marked

HEAD = (
    '<table class="table"><thead><tr class="row-odd"><th class="head"><p>a</p></th>'
    '<th class="head"><p>b &amp; c</p></th>'
)
SHORT = (
    f'{HEAD}<th class="head"><p>d</p></th></tr></thead>'
    '<tbody><tr class="row-even"><td><p>1</p></td><td></td><td>%s</td></tr></tbody></table>'
)
NARROW = f"{HEAD}</tr></thead><tbody><tr><td>1</td><td>{'word ' * 20}</td></tr></tbody></table>"


def test_a_long_cell_makes_a_table_of_sentences():
    found = marked(SHORT % ("word " * 20))
    assert found.startswith('<table role="table" class="sentences table">')
    assert [found.count(f'role="{name}"') for name in ("row", "columnheader", "cell")] == [2, 3, 3]
    assert '<td role="cell" data-column="a"><p>1</p></td><td role="cell"></td>' in found
    assert 'data-column="d">word' in found


def test_other_tables_stay_as_they_are():
    assert [marked(table) for table in (SHORT % "word", NARROW)] == [SHORT % "word", NARROW]
