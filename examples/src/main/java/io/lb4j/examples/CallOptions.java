package io.lb4j.examples;

import io.lb4j.Strategy;
import io.lb4j.okhttp.AffinityKey;
import io.lb4j.strategy.Strategies;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.function.Supplier;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/** What {@link Call} was asked to do. Immutable once parsed. */
final class CallOptions {
    private static final String USAGE = """
            usage: Call [options] http://SERVICE/path

            where the instances are (one of):
              --file FILE         read from this JSON file, and again whenever it changes
              --registry URL      ask the registry there
              --token TOKEN       the registry's token, if it asks for one
              --rules FILE        send calls where the rules in this JSON file say, and again whenever it changes
            what to call:
              -n N                calls to make (default 1; the answer's body is printed if it is 1)
              -c N                calls at a time (default 1)
              --rate N            calls a second, at most (default: as fast as they go)
              --timeout SECONDS   for a whole call, attempts included (default 10)
              -X METHOD           default GET, or POST with -d
              -d TEXT             request body
              -H 'NAME: VALUE'    request header; may be repeated
            how to choose an instance:
              --strategy NAME     {strategies}
              --key KIND:NAME     calls with an equal key go to the same instance: header:NAME, cookie:NAME,
                                  query:NAME, path:INDEX (from 0) or client
            what to print:
              --json              the report as JSON

            Exit code: 0 if every call was answered and none with a 5xx status, 1 if not, 2 if the command is wrong.
            """;

    private static final Map<String, Supplier<Strategy>> STRATEGIES = new TreeMap<>(Map.ofEntries(
            Map.entry("adaptive", Strategies::adaptive),
            Map.entry("round-robin", Strategies::roundRobin),
            Map.entry("weighted-round-robin", Strategies::weightedRoundRobin),
            Map.entry("random", Strategies::random),
            Map.entry("weighted-random", Strategies::weightedRandom),
            Map.entry("power-of-two", Strategies::powerOfTwoChoices),
            Map.entry("least-request", Strategies::leastRequest),
            Map.entry("least-request-round-robin", Strategies::leastRequestRoundRobin),
            Map.entry("peak-ewma", Strategies::peakEwma),
            Map.entry("weighted-by-response-time", Strategies::weightedByResponseTime),
            Map.entry("ring-hash", Strategies::ringHash),
            Map.entry("maglev", Strategies::maglev),
            Map.entry("rendezvous", Strategies::rendezvous),
            Map.entry("jump-hash", Strategies::jumpHash),
            Map.entry("bounded-load", Strategies::boundedLoad),
            Map.entry("sticky-until-failure", Strategies::stickyUntilFailure)));

    private @Nullable HttpUrl url;
    private final Headers.Builder headers = new Headers.Builder();

    @Nullable
    String file;

    @Nullable
    String registry;

    @Nullable
    String token;

    @Nullable
    String rules;

    @Nullable
    String body;

    @Nullable
    AffinityKey key;

    @Nullable
    String method;

    Strategy strategy = Strategies.defaultStrategy();
    Duration timeout = Duration.ofSeconds(10);
    int calls = 1;
    int concurrency = 1;
    double rate = Double.POSITIVE_INFINITY;
    boolean json;

    private CallOptions() {}

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException saying what is wrong with it
     */
    static CallOptions parse(String... arguments) {
        CallOptions options = new CallOptions();
        Iterator<String> rest = List.of(arguments).iterator();
        while (rest.hasNext()) {
            String option = rest.next();
            switch (option) {
                case "--json" -> options.json = true;
                case "--file" -> options.file = value(option, rest);
                case "--registry" -> options.registry = value(option, rest);
                case "--rules" -> options.rules = value(option, rest);
                case "--token" -> options.token = value(option, rest);
                case "-n" -> options.calls = (int) number(option, value(option, rest), 1, 100_000_000);
                case "-c" -> options.concurrency = (int) number(option, value(option, rest), 1, 1000);
                case "--rate" -> options.rate = number(option, value(option, rest), 0.01, 1e6);
                case "--timeout" ->
                    options.timeout =
                            Duration.ofMillis((long) (1000 * number(option, value(option, rest), 0.001, 3600)));
                case "-X" -> options.method = value(option, rest).toUpperCase(Locale.ROOT);
                case "-d" -> options.body = value(option, rest);
                case "-H" -> options.headers.add(value(option, rest));
                case "--strategy" -> options.strategy = strategy(value(option, rest));
                case "--key" -> options.key = key(value(option, rest));
                default -> options.url(option);
            }
        }
        return options.checked();
    }

    static String usage() {
        StringJoiner names = new StringJoiner(", ");
        int column = 0;
        for (String each : STRATEGIES.keySet()) {
            column += each.length() + 2;
            boolean wrap = column > 60;
            column = wrap ? each.length() : column;
            names.add(wrap ? "\n" + " ".repeat(22) + each : each);
        }
        return USAGE.replace("{strategies}", names.toString());
    }

    private CallOptions checked() {
        check(url != null, "URL: missing (expected: http://SERVICE/path)");
        check((file == null) != (registry == null), "expected: either --file or --registry, to know the instances");
        check(
                file == null || Files.isReadable(Path.of(file)),
                "--file: " + file + " (expected: a file that can be read)");
        check(registry == null || HttpUrl.parse(registry) != null, "--registry: " + registry + " (expected: a URL)");
        return this;
    }

    HttpUrl url() {
        if (url == null) {
            throw new IllegalStateException("not parsed");
        }
        return url;
    }

    String service() {
        return url().host();
    }

    Headers headers() {
        return headers.build();
    }

    String method() {
        return method != null ? method : body != null ? "POST" : "GET";
    }

    private void url(String text) {
        check(!text.startsWith("-"), "unknown option: " + text);
        check(url == null, "URL: " + text + " (expected: only one)");
        url = HttpUrl.parse(text);
        check(url != null, "URL: " + text + " (expected: http://SERVICE/path)");
    }

    private static String value(String option, Iterator<String> rest) {
        check(rest.hasNext(), option + ": missing (expected: a value after it)");
        return rest.next();
    }

    private static double number(String option, String text, double least, double most) {
        double value = Double.NaN;
        try {
            value = Double.parseDouble(text);
        } catch (NumberFormatException e) {
            // stays NaN, which no range holds
        }
        check(
                value >= least && value <= most,
                String.format(Locale.ROOT, "%s: %s (expected: %s to %s)", option, text, plain(least), plain(most)));
        return value;
    }

    private static String plain(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    private static Strategy strategy(String name) {
        Supplier<Strategy> found = STRATEGIES.get(name);
        if (found == null) {
            throw new IllegalArgumentException(
                    "--strategy: " + name + " (expected: one of " + String.join(", ", STRATEGIES.keySet()) + ")");
        }
        return found.get();
    }

    private static AffinityKey key(String text) {
        String kind = text.replaceFirst(":.*", "");
        String name = text.substring(Math.min(text.length(), kind.length() + 1));
        check(
                kind.equals("client") == name.isEmpty(),
                "--key: " + text + " (expected: header:NAME, cookie:NAME, query:NAME, path:INDEX or client)");
        return switch (kind) {
            case "header" -> AffinityKey.header(name);
            case "cookie" -> AffinityKey.cookie(name);
            case "query" -> AffinityKey.queryParameter(name);
            case "path" -> AffinityKey.pathSegment((int) number("--key path", name, 0, 1000));
            case "client" -> AffinityKey.clientAddress();
            default ->
                throw new IllegalArgumentException(
                        "--key: " + text + " (expected: header:NAME, cookie:NAME, query:NAME, path:INDEX or client)");
        };
    }

    private static void check(boolean ok, String message) {
        if (!ok) {
            throw new IllegalArgumentException(message);
        }
    }
}
