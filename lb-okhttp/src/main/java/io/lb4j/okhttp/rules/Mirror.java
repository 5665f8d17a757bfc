package io.lb4j.okhttp.rules;

import io.lb4j.Subset;
import org.jspecify.annotations.Nullable;

/**
 * A copy of some of a route's calls, made to see how something else would take them. What comes of it is thrown away.
 *
 * @param service where copies go, as in a URL; null for the service that the call itself goes to
 * @param subset which of its instances, or null for any
 * @param percent how many of the calls are copied, above 0 to 100
 */
public record Mirror(@Nullable String service, @Nullable Subset subset, double percent) {

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException if one is out of range, or neither service nor subset is given
     */
    public Mirror {
        if (service == null && subset == null) {
            throw new IllegalArgumentException("neither service nor subset (expected: at least one of them)");
        }
        service = service == null ? null : ServiceNames.canonical("service", service);
        if (!(percent > 0 && percent <= 100)) {
            throw new IllegalArgumentException("percent: " + percent + " (expected: above 0 to 100)");
        }
    }

    /** Copies of all calls to another service. */
    public static Mirror to(String service) {
        return new Mirror(service, null, 100);
    }

    /** The same for a part of the calls. */
    public Mirror percent(double value) {
        return new Mirror(service, subset, value);
    }
}
