package io.lb4j.okhttp.rules;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The fields of one JSON object, each taken out once; what is left at the {@link #end} is unknown. Every complaint says
 * where, which field, what is there and what was expected. Not thread-safe.
 */
final class JsonFields {
    private static final Pattern TIME = Pattern.compile("(\\d{1,9})(ms|s|m)");

    private final JsonNode node;
    private final String where;
    private final Set<String> asked = new TreeSet<>();

    /** What takes a value, and may refuse it with an {@link IllegalArgumentException} of its own. */
    @FunctionalInterface
    interface Use<T> {
        void take(T value) throws MalformedRulesException;
    }

    /**
     * The fields of this node.
     *
     * @param where leads every complaint: the file, the rule, the fields above
     * @throws MalformedRulesException if it is no object
     */
    JsonFields(JsonNode node, String where) throws MalformedRulesException {
        if (!node.isObject()) {
            throw new MalformedRulesException(where + ": " + shown(node) + " (expected: an object)");
        }
        this.node = node;
        this.where = where;
    }

    /** Whether the field is there. */
    boolean has(String name) {
        asked.add(name);
        return node.has(name);
    }

    void text(String name, Use<String> use) throws MalformedRulesException {
        take(name, use, each -> text(name, each));
    }

    /** A string, or an array of strings with at least one. */
    void texts(String name, Use<String[]> use) throws MalformedRulesException {
        take(name, use, each -> {
            List<String> all = new ArrayList<>();
            if (each.isArray()) {
                for (JsonNode item : each) {
                    all.add(text(name, item));
                }
            } else {
                all.add(text(name, each));
            }
            expect(!all.isEmpty(), name, each, "a string, or an array of strings");
            return all.toArray(new String[0]);
        });
    }

    void number(String name, Use<Double> use) throws MalformedRulesException {
        take(name, use, each -> {
            expect(each.isNumber(), name, each, "a number");
            return each.doubleValue();
        });
    }

    void whole(String name, Use<Integer> use) throws MalformedRulesException {
        take(name, use, each -> {
            expect(each.isInt(), name, each, "a whole number");
            return each.intValue();
        });
    }

    void wholeLong(String name, Use<Long> use) throws MalformedRulesException {
        take(name, use, each -> {
            expect(each.isIntegralNumber() && each.canConvertToLong(), name, each, "a whole number");
            return each.longValue();
        });
    }

    void truth(String name, Use<Boolean> use) throws MalformedRulesException {
        take(name, use, each -> {
            expect(each.isBoolean(), name, each, "true or false");
            return each.booleanValue();
        });
    }

    /** {@code 250ms}, {@code 2s}, {@code 1m}. */
    void time(String name, Use<Duration> use) throws MalformedRulesException {
        take(name, use, each -> {
            Matcher matcher = TIME.matcher(each.isTextual() ? each.textValue() : "");
            expect(matcher.matches(), name, each, "a whole number and ms, s or m, such as \"250ms\"");
            long amount = Long.parseLong(matcher.group(1));
            return switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                default -> Duration.ofMinutes(amount);
            };
        });
    }

    void node(String name, Use<JsonNode> use) throws MalformedRulesException {
        take(name, use, each -> each);
    }

    /** An object of its own; to be ended by who takes it. */
    void object(String name, Use<JsonFields> use) throws MalformedRulesException {
        take(name, use, each -> new JsonFields(each, at(name)));
    }

    /** An array of whatever. */
    void array(String name, Use<List<JsonNode>> use) throws MalformedRulesException {
        take(name, use, each -> {
            expect(each.isArray(), name, each, "an array");
            List<JsonNode> all = new ArrayList<>();
            each.forEach(all::add);
            return all;
        });
    }

    /** An object from any names to whatever. */
    void map(String name, Use<Map<String, JsonNode>> use) throws MalformedRulesException {
        take(name, use, each -> {
            expect(each.isObject(), name, each, "an object");
            Map<String, JsonNode> all = new LinkedHashMap<>();
            each.properties().forEach(entry -> all.put(entry.getKey(), entry.getValue()));
            return all;
        });
    }

    /** An object from any names to strings. */
    void textMap(String name, Use<Map<String, String>> use) throws MalformedRulesException {
        map(name, all -> {
            Map<String, String> texts = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> each : all.entrySet()) {
                texts.put(each.getKey(), text(name + "." + each.getKey(), each.getValue()));
            }
            accept(name, texts, use);
        });
    }

    /**
     * Says that all fields were asked for.
     *
     * @throws MalformedRulesException if there are others
     */
    void end() throws MalformedRulesException {
        for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!asked.contains(name)) {
                throw new MalformedRulesException(
                        at(name) + ": unknown field (expected: one of " + String.join(", ", asked) + ")");
            }
        }
    }

    String where() {
        return where;
    }

    /** Runs this, and says where it was that an argument was refused. */
    void check(Consumer<Void> build) throws MalformedRulesException {
        try {
            build.accept(null);
        } catch (IllegalArgumentException e) {
            throw new MalformedRulesException(where + ": " + e.getMessage(), e);
        }
    }

    private interface Reading<T> {
        T of(JsonNode value) throws MalformedRulesException;
    }

    private <T> void take(String name, Use<T> use, Reading<T> reading) throws MalformedRulesException {
        asked.add(name);
        JsonNode value = node.get(name);
        if (value != null) {
            accept(name, reading.of(value), use);
        }
    }

    private <T> void accept(String name, T value, Use<T> use) throws MalformedRulesException {
        try {
            use.take(value);
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            // The builders' messages lead with the name of what they set.
            String rest = message.startsWith(name + ": ") ? message.substring(name.length() + 2) : message;
            throw new MalformedRulesException(at(name) + ": " + rest, e);
        }
    }

    private String text(String name, JsonNode value) throws MalformedRulesException {
        expect(value.isTextual(), name, value, "a string");
        return value.textValue();
    }

    private void expect(boolean ok, String name, JsonNode value, String rule) throws MalformedRulesException {
        if (!ok) {
            throw new MalformedRulesException(at(name) + ": " + shown(value) + " (expected: " + rule + ")");
        }
    }

    /** A space behind the last part that is no field. */
    private String at(String name) {
        return where + (where.endsWith("'") || where.endsWith("]") || where.indexOf(": ") < 0 ? ": " : ".") + name;
    }

    static String shown(JsonNode value) {
        if (value.isObject()) {
            return "an object";
        }
        if (value.isArray()) {
            return "an array";
        }
        String text = value.toString();
        return text.length() <= 60 ? text : text.substring(0, 60) + "...";
    }
}
