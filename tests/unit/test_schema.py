from alembic.script import ScriptDirectory

from engage.resources import folder
from engage.storage.schema import revisions


def test_the_revisions_read_from_the_files_are_those_that_alembic_follows() -> None:
    scripts = ScriptDirectory(str(folder("migrations")))
    newest, known = revisions()
    assert newest == scripts.get_current_head()
    assert known == {each.revision for each in scripts.walk_revisions()}
