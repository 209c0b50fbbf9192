"""A directive whose node nobody but the HTML writer knows."""

from docutils import nodes
from sphinx.util.docutils import SphinxDirective


class mystery(nodes.General, nodes.Element):
    """A node that only holds its content."""


class Mystery(SphinxDirective):
    has_content = True

    def run(self):
        node = mystery()
        self.set_source_info(node)
        self.state.nested_parse(self.content, self.content_offset, node)
        return [node]


def setup(app):
    app.add_node(mystery, html=(lambda writer, node: None, lambda writer, node: None))
    app.add_directive("mystery", Mystery)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
