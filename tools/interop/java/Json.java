import java.util.Collection;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;

/** Lines of JSON, for what programs tell of themselves. */
final class Json {
    private Json() {
    }

    /** An object of names and values by turns. */
    static String line(Object... namesAndValues) {
        StringJoiner members = new StringJoiner(",", "{", "}");
        for (int i = 0; i < namesAndValues.length; i += 2) {
            members.add(value(namesAndValues[i]) + ":" + value(namesAndValues[i + 1]));
        }
        return members.toString();
    }

    private static String value(Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean) {
            return String.valueOf(value);
        }
        if (value instanceof Collection) {
            StringJoiner elements = new StringJoiner(",", "[", "]");
            for (Object element : (Collection<?>) value) {
                elements.add(value(element));
            }
            return elements.toString();
        }
        if (value instanceof Map) {
            StringJoiner members = new StringJoiner(",", "{", "}");
            new TreeMap<>((Map<?, ?>) value).forEach((name, member) -> members.add(value(name) + ":" + value(member)));
            return members.toString();
        }
        return text(String.valueOf(value));
    }

    private static String text(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
