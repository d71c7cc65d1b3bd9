package remus.agent.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * An answer as JSON or YAML for scripts: the names of control.proto, every field also when zero,
 * numbers as numbers.
 */
final class MessageWriter {
    private MessageWriter() {}

    static String json(Message message) {
        StringWriter out = new StringWriter();
        try (JsonGenerator generator = new JsonFactory().createGenerator(out)) {
            DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
            generator.setPrettyPrinter(
                    new DefaultPrettyPrinter()
                            .withObjectIndenter(indenter)
                            .withArrayIndenter(indenter));
            write(message, generator);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return out.append('\n').toString();
    }

    static String yaml(Message message) {
        StringWriter out = new StringWriter();
        YAMLFactory factory =
                YAMLFactory.builder()
                        .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                        .enable(YAMLGenerator.Feature.INDENT_ARRAYS_WITH_INDICATOR)
                        .build();
        try (JsonGenerator generator = factory.createGenerator(out)) {
            write(message, generator);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return out.toString();
    }

    private static void write(Message message, JsonGenerator out) throws IOException {
        out.writeStartObject();
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            out.writeFieldName(field.getJsonName());
            Object value = message.getField(field);
            if (field.isRepeated()) {
                out.writeStartArray();
                for (Object element : (List<?>) value) {
                    scalar(element, out);
                }
                out.writeEndArray();
            } else {
                scalar(value, out);
            }
        }
        out.writeEndObject();
    }

    private static void scalar(Object value, JsonGenerator out) throws IOException {
        if (value instanceof Message nested) {
            write(nested, out);
        } else if (value instanceof Long number) {
            out.writeNumber(number);
        } else if (value instanceof Integer number) {
            out.writeNumber(number);
        } else if (value instanceof Double number) {
            out.writeNumber(number);
        } else if (value instanceof Boolean truth) {
            out.writeBoolean(truth);
        } else {
            out.writeString(value.toString());
        }
    }
}
