package io.lb4j.balancer;

import io.lb4j.ServiceInstance;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Why a balancer does what it does, at one moment: every instance it knows with the rule that lets it in or keeps it
 * out, and where a call like the one asked about would go. {@link #toString()} is a table for people.
 *
 * @param service the service
 * @param within the subset that the call asks for, and what was made of it; empty if any instance will do
 * @param strategy the strategy, as it describes itself
 * @param instances every known instance, in discovery's order
 * @param panic whether unhealthy instances take calls because too few are healthy
 * @param pick the instance a call like this would get now, or null if there is none
 * @param error why there is none, or discovery's last error, or null
 */
public record Explanation(
        String service,
        String within,
        String strategy,
        List<InstanceReport> instances,
        boolean panic,
        @Nullable ServiceInstance pick,
        @Nullable Throwable error) {

    /** Copies the list. */
    public Explanation {
        instances = List.copyOf(instances);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(256);
        text.append(service)
                .append(within.isEmpty() ? "" : " within ")
                .append(within)
                .append(" by ")
                .append(strategy)
                .append(panic ? ", in panic" : "")
                .append('\n');
        for (InstanceReport each : instances) {
            text.append(String.format(
                    Locale.ROOT,
                    "  %-24s %-14s weight %-8.3g in flight %-7s calls %-8d failures %-6d %s\n",
                    each.instance().id(),
                    each.state(),
                    each.weight(),
                    each.limit() == Integer.MAX_VALUE ? each.inFlight() : each.inFlight() + "/" + each.limit(),
                    each.calls(),
                    each.failures(),
                    remarks(each)));
        }
        if (pick != null) {
            text.append("  a call like this goes to ").append(pick.id()).append('\n');
        }
        if (error != null) {
            text.append("  trouble: ")
                    .append(error.getMessage() == null ? error : error.getMessage())
                    .append('\n');
        }
        return text.toString();
    }

    private static String remarks(InstanceReport of) {
        List<String> all = new ArrayList<>();
        if (!of.reason().isEmpty()) {
            all.add(of.reason());
        }
        of.endpointsOut().forEach((endpoint, reason) -> all.add("out for endpoint " + endpoint + ": " + reason));
        if (of.lastCheck() != null) {
            all.add(of.lastCheck().toString());
        }
        return String.join("; ", all);
    }
}
