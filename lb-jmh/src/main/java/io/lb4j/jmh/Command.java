package io.lb4j.jmh;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What somebody asked {@link RunAll} for.
 *
 * @param quick whether it shall take less than five minutes
 * @param minutes how long the picks may take; 0 for as long as usual
 * @param docs where the tables and results go
 * @param parts what shall be run
 * @param policies only these, of the picks; empty: all
 * @param libraries only these, of the picks; empty: all
 */
record Command(boolean quick, int minutes, Path docs, Set<Part> parts, Set<Policy> policies, Set<String> libraries) {
    static final String USAGE = """
            usage: RunAll [--quick] [--minutes N] [--docs DIR] [picks] [calls] [updates]
                   RunAll [--quick] [--minutes N] picks [--policy NAME[,NAME]...] [--library NAME[,NAME]...]""";

    /** The kinds of results, each with a file and a place in the document of its own. */
    enum Part {
        PICKS,
        CALLS,
        UPDATES;

        String title() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Whether it is a closer look, whose results would not make a whole table. */
    boolean partial() {
        return !policies.isEmpty() || !libraries.isEmpty();
    }

    /**
     * Reads the arguments.
     *
     * @throws IllegalArgumentException which says what is wrong, and how it is used
     */
    static Command parse(String... args) {
        boolean quick = false;
        int minutes = 0;
        Path docs = Path.of("docs");
        Set<Part> parts = EnumSet.noneOf(Part.class);
        Set<Policy> policies = EnumSet.noneOf(Policy.class);
        Set<String> libraries = new LinkedHashSet<>();
        List<String> rest = new ArrayList<>(Arrays.asList(args));
        while (!rest.isEmpty()) {
            String arg = rest.remove(0);
            switch (arg) {
                case "--quick" -> quick = true;
                case "--minutes" -> minutes = minutes(value(arg, rest));
                case "--docs" -> docs = Path.of(value(arg, rest));
                case "--policy" -> {
                    for (String name : names(value(arg, rest))) {
                        policies.add(policy(name));
                    }
                }
                case "--library" -> libraries.addAll(names(value(arg, rest)));
                default -> parts.add(part(arg));
            }
        }
        Command command = new Command(quick, minutes, docs, parts, policies, libraries);
        if (command.partial() && !parts.equals(EnumSet.of(Part.PICKS))) {
            throw wrong("--policy and --library: without picks alone (expected: picks is what they choose from)");
        }
        return parts.isEmpty()
                ? new Command(quick, minutes, docs, EnumSet.allOf(Part.class), policies, libraries)
                : command;
    }

    private static String value(String option, List<String> rest) {
        if (rest.isEmpty()) {
            throw wrong(option + ": no value (expected: one)");
        }
        return rest.remove(0);
    }

    private static int minutes(String text) {
        if (!text.matches("[1-9][0-9]{0,3}")) {
            throw wrong("--minutes: " + text + " (expected: 1 to 9999)");
        }
        return Integer.parseInt(text);
    }

    /** The options that change what is measured, as they were given. */
    String options() {
        return (quick ? " --quick" : "") + (minutes > 0 ? " --minutes " + minutes : "");
    }

    private static List<String> names(String list) {
        return List.of(list.split(",", -1));
    }

    private static Part part(String name) {
        return Arrays.stream(Part.values())
                .filter(part -> part.title().equals(name))
                .findFirst()
                .orElseThrow(() -> wrong(name + ": unknown"));
    }

    private static Policy policy(String name) {
        return Arrays.stream(Policy.values())
                .filter(policy ->
                        policy.name().equals(name.toUpperCase(Locale.ROOT).replace('-', '_')))
                .findFirst()
                .orElseThrow(() -> wrong("--policy: " + name + " (expected: "
                        + Arrays.stream(Policy.values()).map(Policy::name).collect(Collectors.joining(", ")) + ")"));
    }

    private static IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException(what + "\n" + USAGE);
    }
}
