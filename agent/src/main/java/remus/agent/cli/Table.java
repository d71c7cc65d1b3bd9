package remus.agent.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * Columns as wide as their widest cell; control characters of foreign names do not reach the
 * terminal.
 */
final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    Table(String... heads) {
        rows.add(List.of(heads));
    }

    void row(String... cells) {
        rows.add(List.of(cells));
    }

    /** A line below the row before, outside the columns. */
    void note(String text) {
        rows.add(List.of(text));
    }

    /** Every line ends with a newline. */
    String render() {
        int columns = rows.get(0).size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; row.size() == columns && i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder out = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                String cell = clean(row.get(i));
                line.append(cell);
                if (i < row.size() - 1) {
                    line.append(" ".repeat(widths[i] - cell.length() + 2));
                }
            }
            out.append(line.toString().stripTrailing()).append('\n');
        }
        return out.toString();
    }

    static String clean(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }
}
