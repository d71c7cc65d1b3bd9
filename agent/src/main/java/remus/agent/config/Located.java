package remus.agent.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * YAML as a tree that knows where each key and value stands: scalars and mappings, all that a
 * configuration needs.
 *
 * @param text of a scalar, null for a mapping
 * @param entries of a mapping, empty for a scalar
 */
record Located(int line, int column, @Nullable String text, Map<String, Entry> entries) {
    private static final int MAX_DEPTH = 8;

    /** A key, where it stands, and its value. */
    record Entry(int line, int column, Located value) {}

    static Located parse(String file, String yaml) throws ConfigException {
        try (YAMLParser parser = new YAMLFactory().createParser(yaml)) {
            if (parser.nextToken() == null) {
                return new Located(1, 1, null, Map.of());
            }
            Located tree = value(file, parser, 0);
            if (parser.nextToken() != null) {
                throw mistake(
                        file,
                        parser,
                        "a second document begins",
                        "keep one document: remove `---`");
            }
            return tree;
        } catch (JsonProcessingException wrong) {
            JsonLocation at = wrong.getLocation();
            throw new ConfigException(
                    List.of(
                            new ConfigException.Mistake(
                                    file,
                                    at == null ? 1 : at.getLineNr(),
                                    at == null ? 1 : at.getColumnNr(),
                                    "this is not YAML: " + firstLine(wrong.getOriginalMessage()),
                                    "indent by spaces, and write `key: value` with a space after"
                                            + " the colon")));
        } catch (IOException impossible) {
            throw new java.io.UncheckedIOException(impossible);
        }
    }

    private static Located value(String file, YAMLParser parser, int depth)
            throws IOException, ConfigException {
        JsonLocation at = parser.currentTokenLocation();
        if (parser.currentToken() == JsonToken.START_ARRAY) {
            throw mistake(
                    file,
                    parser,
                    "a list stands where none is known",
                    "write `key: value` lines, without `-`");
        }
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            String text = parser.currentToken() == JsonToken.VALUE_NULL ? "" : parser.getText();
            return new Located(at.getLineNr(), at.getColumnNr(), text, Map.of());
        }
        if (depth == MAX_DEPTH) {
            throw mistake(
                    file,
                    parser,
                    "more than " + MAX_DEPTH + " levels",
                    "two levels are all there is");
        }
        Map<String, Entry> entries = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            JsonLocation keyAt = parser.currentTokenLocation();
            String key = parser.currentName();
            Entry former = entries.get(key);
            if (former != null) {
                throw mistake(
                        file,
                        parser,
                        "\"" + key + "\" is given twice, first in line " + former.line(),
                        "keep one of them");
            }
            parser.nextToken();
            Located value = value(file, parser, depth + 1);
            entries.put(key, new Entry(keyAt.getLineNr(), keyAt.getColumnNr(), value));
        }
        return new Located(at.getLineNr(), at.getColumnNr(), null, entries);
    }

    private static ConfigException mistake(
            String file, YAMLParser parser, String problem, String correction) {
        JsonLocation at = parser.currentTokenLocation();
        return new ConfigException(
                List.of(
                        new ConfigException.Mistake(
                                file, at.getLineNr(), at.getColumnNr(), problem, correction)));
    }

    private static String firstLine(String text) {
        int end = text.indexOf('\n');
        return end < 0 ? text : text.substring(0, end);
    }
}
