package io.lb4j.okhttp.rules;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.Outcome;
import io.lb4j.Strategy;
import io.lb4j.Subset;
import io.lb4j.retry.RetryPolicy;
import io.lb4j.strategy.Strategies;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads {@link TrafficRules} from JSON, strictly. The format is in docs/routing.md. */
final class RulesReader {
    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    /** Made once, as a subset with the same strategy is to be the same after a change of the file. */
    private static final Map<String, Strategy> STRATEGIES = new TreeMap<>(Map.ofEntries(
            Map.entry("default", Strategies.defaultStrategy()),
            Map.entry("adaptive", Strategies.adaptive()),
            Map.entry("roundRobin", Strategies.roundRobin()),
            Map.entry("weightedRoundRobin", Strategies.weightedRoundRobin()),
            Map.entry("random", Strategies.random()),
            Map.entry("weightedRandom", Strategies.weightedRandom()),
            Map.entry("powerOfTwoChoices", Strategies.powerOfTwoChoices()),
            Map.entry("leastRequest", Strategies.leastRequest()),
            Map.entry("leastRequestRoundRobin", Strategies.leastRequestRoundRobin()),
            Map.entry("peakEwma", Strategies.peakEwma()),
            Map.entry("weightedByResponseTime", Strategies.weightedByResponseTime()),
            Map.entry("weightedByUtilization", Strategies.weightedByUtilization()),
            Map.entry("ringHash", Strategies.ringHash()),
            Map.entry("maglev", Strategies.maglev()),
            Map.entry("rendezvous", Strategies.rendezvous()),
            Map.entry("boundedLoad", Strategies.boundedLoad()),
            Map.entry("stickyUntilFailure", Strategies.stickyUntilFailure())));

    private RulesReader() {}

    /**
     * Reads a whole file.
     *
     * @param source leads every complaint
     */
    static TrafficRules read(byte[] text, String source) throws MalformedRulesException {
        JsonNode root;
        try (JsonParser json = JSON.createParser(text)) {
            root = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            String at = e.getLocation() == null || e.getLocation().getLineNr() < 1
                    ? ""
                    : "line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr() + ": ";
            throw new MalformedRulesException(source + ": " + at + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new MalformedRulesException(source + ": " + e.getMessage(), e);
        }
        if (root == null || root.isMissingNode()) {
            throw new MalformedRulesException(source + ": nothing (expected: a JSON object)");
        }
        TrafficRules.Builder rules = TrafficRules.builder();
        JsonFields fields = new JsonFields(root, source);
        fields.array("routes", all -> {
            for (int i = 0; i < all.size(); i++) {
                rules.route(route(all.get(i), source + ": routes[" + i + "]"));
            }
        });
        fields.object("firewall", firewall -> rules.firewall(FirewallReader.firewall(firewall)));
        fields.end();
        try {
            return rules.build();
        } catch (IllegalArgumentException e) {
            throw new MalformedRulesException(source + ": " + e.getMessage(), e);
        }
    }

    private static Route route(JsonNode node, String where) throws MalformedRulesException {
        JsonFields unnamed = new JsonFields(node, where);
        Route.Builder[] named = new Route.Builder[1];
        String[] name = new String[1];
        unnamed.text("name", value -> {
            named[0] = Route.named(value);
            name[0] = value;
        });
        Route.Builder route = named[0];
        if (route == null) {
            throw new MalformedRulesException(where + ": no name (expected: a name of its own)");
        }
        JsonFields fields = new JsonFields(node, where + " '" + name[0] + "'");
        fields.has("name");
        fields.object("match", match -> route.match(match(match)));
        fields.text("service", route::service);
        subset(fields, route::subset);
        fields.text("strategy", value -> route.strategy(strategy(value)));
        fields.object("rewrite", rewrite -> rewrite(rewrite, route));
        fields.time("attemptTimeout", route::attemptTimeout);
        fields.time("callTimeout", route::callTimeout);
        fields.object("retry", retry -> route.retry(retry(retry)));
        fields.truth("hedge", route::hedge);
        fields.object("mirror", mirror -> route.mirror(mirror(mirror)));
        fields.end();
        Route[] built = new Route[1];
        fields.check(unused -> built[0] = route.build());
        return built[0];
    }

    private static RequestMatch match(JsonFields fields) throws MalformedRulesException {
        RequestMatch.Builder match = RequestMatch.builder();
        fields.texts("service", match::service);
        fields.texts("method", match::method);
        fields.text("path", match::path);
        fields.text("pathPrefix", match::pathPrefix);
        fields.text("pathTemplate", match::pathTemplate);
        fields.map("query", all -> values(all, fields, "query", match::query));
        fields.map("header", all -> values(all, fields, "header", match::header));
        fields.map("cookie", all -> values(all, fields, "cookie", match::cookie));
        fields.texts("contentType", match::contentType);
        fields.number("percent", match::percent);
        fields.text("byHeader", match::byHeader);
        fields.text("byCookie", match::byCookie);
        fields.end();
        RequestMatch[] built = new RequestMatch[1];
        fields.check(unused -> built[0] = match.build());
        return built[0];
    }

    private interface Valued {
        RequestMatch.Builder add(String name, ValueMatch value);
    }

    private static void values(Map<String, JsonNode> all, JsonFields fields, String what, Valued into)
            throws MalformedRulesException {
        for (Map.Entry<String, JsonNode> each : all.entrySet()) {
            into.add(each.getKey(), value(each.getValue(), fields.where() + "." + what + "." + each.getKey()));
        }
    }

    private static ValueMatch value(JsonNode node, String where) throws MalformedRulesException {
        if (node.isTextual()) {
            return ValueMatch.is(node.textValue());
        }
        if (!node.isObject()) {
            throw new MalformedRulesException(where + ": " + JsonFields.shown(node)
                    + " (expected: a string, or an object with one of anyOf, prefix, suffix, present)");
        }
        JsonFields fields = new JsonFields(node, where);
        ValueMatch[] found = new ValueMatch[1];
        fields.texts("anyOf", value -> found[0] = ValueMatch.is(value));
        fields.text("prefix", value -> found[0] = ValueMatch.beginsWith(value));
        fields.text("suffix", value -> found[0] = ValueMatch.endsWith(value));
        fields.truth("present", value -> found[0] = value ? ValueMatch.isPresent() : ValueMatch.isAbsent());
        fields.end();
        if (found[0] == null || node.size() != 1) {
            throw new MalformedRulesException(
                    where + ": " + node.size() + " fields (expected: one of anyOf, prefix, suffix, present)");
        }
        return found[0];
    }

    private static void subset(JsonFields fields, JsonFields.Use<Subset> use) throws MalformedRulesException {
        Subset[] found = new Subset[1];
        fields.textMap("subset", value -> found[0] = Subset.of(value));
        fields.node("fallback", value -> {
            Subset subset = found[0];
            if (subset == null) {
                throw new IllegalArgumentException(JsonFields.shown(value) + " (expected: a subset with it)");
            }
            found[0] = fallback(subset, value);
        });
        if (found[0] != null) {
            use.take(found[0]);
        }
    }

    private static Subset fallback(Subset subset, JsonNode value) {
        String rule = "\"fail\", \"any\", or an object with the metadata of another subset";
        if (value.isObject()) {
            Map<String, String> metadata = new TreeMap<>();
            value.properties().forEach(each -> {
                if (!each.getValue().isTextual()) {
                    throw new IllegalArgumentException(
                            each.getKey() + ": " + JsonFields.shown(each.getValue()) + " (expected: a string)");
                }
                metadata.put(each.getKey(), each.getValue().textValue());
            });
            return subset.orElse(metadata);
        }
        return switch (value.isTextual() ? value.textValue() : "") {
            case "fail" -> subset;
            case "any" -> subset.orAnyInstance();
            default -> throw new IllegalArgumentException(JsonFields.shown(value) + " (expected: " + rule + ")");
        };
    }

    private static Strategy strategy(String name) {
        Strategy strategy = STRATEGIES.get(name);
        if (strategy == null) {
            throw new IllegalArgumentException(
                    "'" + name + "' (expected: one of " + String.join(", ", STRATEGIES.keySet()) + ")");
        }
        return strategy;
    }

    private static void rewrite(JsonFields fields, Route.Builder route) throws MalformedRulesException {
        fields.text("path", route::rewritePath);
        fields.text("prefix", route::rewritePrefix);
        fields.textMap("setHeaders", all -> all.forEach(route::setHeader));
        fields.textMap("addHeaders", all -> all.forEach(route::addHeader));
        fields.texts("removeHeaders", all -> Arrays.stream(all).forEach(route::removeHeader));
        fields.end();
    }

    private static RetryPolicy retry(JsonFields fields) throws MalformedRulesException {
        RetryPolicy.Builder retry = RetryPolicy.builder();
        fields.whole("maxAttempts", retry::maxAttempts);
        fields.texts("on", all -> retry.retryOn(kinds(all)));
        @Nullable Duration[] delays = {null, null};
        fields.time("baseDelay", value -> delays[0] = value);
        fields.time("maxDelay", value -> delays[1] = value);
        fields.whole("maxUnsent", retry::maxUnsent);
        fields.time("maxRetryAfter", retry::maxRetryAfter);
        fields.end();
        if ((delays[0] == null) != (delays[1] == null)) {
            throw new MalformedRulesException(fields.where() + ": " + (delays[0] == null ? "maxDelay" : "baseDelay")
                    + " alone (expected: baseDelay and maxDelay, or neither)");
        }
        RetryPolicy[] built = new RetryPolicy[1];
        fields.check(unused -> {
            if (delays[0] != null && delays[1] != null) {
                retry.delays(delays[0], delays[1]);
            }
            built[0] = retry.build();
        });
        return built[0];
    }

    private static Set<Outcome.Kind> kinds(String... names) {
        Set<Outcome.Kind> kinds = EnumSet.noneOf(Outcome.Kind.class);
        for (String name : names) {
            kinds.add(Arrays.stream(Outcome.Kind.values())
                    .filter(each -> spelled(each).equals(name))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("'" + name + "' (expected: one of "
                            + new TreeSet<>(Arrays.stream(Outcome.Kind.values())
                                    .map(RulesReader::spelled)
                                    .toList())
                            + ")")));
        }
        return kinds;
    }

    private static String spelled(Outcome.Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    private static Mirror mirror(JsonFields fields) throws MalformedRulesException {
        String[] service = new String[1];
        Subset[] subset = new Subset[1];
        double[] percent = {100};
        fields.text("service", value -> service[0] = value);
        subset(fields, value -> subset[0] = value);
        fields.number("percent", value -> percent[0] = value);
        fields.end();
        @Nullable Mirror[] built = new Mirror[1];
        fields.check(unused -> built[0] = new Mirror(service[0], subset[0], percent[0]));
        Mirror mirror = built[0];
        if (mirror == null) {
            throw new MalformedRulesException(fields.where() + ": no mirror");
        }
        return mirror;
    }
}
