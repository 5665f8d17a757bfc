package io.lb4j.okhttp.rules;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a {@link Firewall} from JSON, strictly. The format is in docs/firewall.md. */
final class FirewallReader {
    private FirewallReader() {}

    static Firewall firewall(JsonFields fields) throws MalformedRulesException {
        Firewall.Builder firewall = Firewall.builder();
        fields.texts("hosts", firewall::hosts);
        fields.array("rules", all -> rules(all, fields.where(), firewall));
        fields.end();
        Firewall[] built = new Firewall[1];
        fields.check(unused -> built[0] = firewall.build());
        return built[0];
    }

    private static void rules(List<JsonNode> all, String where, Firewall.Builder firewall)
            throws MalformedRulesException {
        for (int i = 0; i < all.size(); i++) {
            firewall.rule(rule(all.get(i), where + ".rules[" + i + "]"));
        }
    }

    private static FirewallRule rule(JsonNode node, String where) throws MalformedRulesException {
        JsonFields unnamed = new JsonFields(node, where);
        String[] name = new String[1];
        FirewallRule.Builder[] named = new FirewallRule.Builder[1];
        unnamed.text("name", value -> {
            named[0] = FirewallRule.named(value);
            name[0] = value;
        });
        FirewallRule.Builder rule = named[0];
        if (rule == null) {
            throw new MalformedRulesException(where + ": no name (expected: a name of its own)");
        }
        JsonFields fields = new JsonFields(node, where + " '" + name[0] + "'");
        fields.has("name");
        fields.texts("hosts", rule::hosts);
        fields.texts("allowMethods", rule::allowMethods);
        fields.texts("denyMethods", rule::denyMethods);
        fields.texts("allowPaths", rule::allowPaths);
        fields.texts("denyPaths", rule::denyPaths);
        fields.texts("denyHeaders", rule::denyHeaders);
        fields.whole("maxUrlBytes", rule::maxUrlBytes);
        fields.whole("maxHeaders", rule::maxHeaders);
        fields.whole("maxHeaderBytes", rule::maxHeaderBytes);
        fields.wholeLong("maxBodyBytes", rule::maxBodyBytes);
        fields.object("rateLimit", limit -> rule.rateLimit(rateLimit(limit)));
        fields.end();
        return rule.build();
    }

    private static RateLimit rateLimit(JsonFields fields) throws MalformedRulesException {
        int[] calls = new int[1];
        int[] burst = new int[1];
        @Nullable Duration[] per = {null};
        @Nullable String[] key = {null, null};
        fields.whole("calls", value -> calls[0] = value);
        fields.time("per", value -> per[0] = value);
        fields.whole("burst", value -> burst[0] = value);
        boolean hasBurst = fields.has("burst");
        fields.text("byHeader", value -> key[0] = value);
        fields.text("byCookie", value -> key[1] = value);
        fields.end();
        Duration time = per[0];
        if (time == null) {
            throw new MalformedRulesException(fields.where() + ": no per (expected: a time, such as \"1s\")");
        }
        RateLimit[] built = new RateLimit[1];
        fields.check(
                unused -> built[0] = new RateLimit(calls[0], time, hasBurst ? burst[0] : calls[0], key[0], key[1]));
        return built[0];
    }
}
