package io.lb4j.discovery;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.decorator.AddressGuard;
import io.lb4j.discovery.decorator.DebouncedDiscovery;
import io.lb4j.discovery.decorator.FilteredDiscovery;
import io.lb4j.discovery.decorator.FirstDiscovery;
import io.lb4j.discovery.decorator.GuardedDiscovery;
import io.lb4j.discovery.decorator.InstanceFilters;
import io.lb4j.discovery.decorator.InstanceMappers;
import io.lb4j.discovery.decorator.LastKnownGoodDiscovery;
import io.lb4j.discovery.decorator.MappedDiscovery;
import io.lb4j.discovery.decorator.NamedDiscovery;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What the parameters of a URI put over its source, from the inside: its one service, debounce, guard, last known good, the
 * guard again over what was saved, weight, filters, and another source to fall back on. A parameter that the source itself
 * asked for is the source's.
 */
final class Decorations {
    private final @Nullable String service;
    private final @Nullable Duration debounce;
    private final @Nullable Duration debounceMax;
    private final @Nullable AddressGuard guard;
    private final @Nullable String lastKnownGood;
    private final Duration maxAge;
    private final @Nullable String weightFrom;
    private final @Nullable String zoneFrom;
    private final List<Predicate<ServiceInstance>> filters = new ArrayList<>();
    private final @Nullable String fallback;

    /** Reads all parameters, of a URI that the source has read. */
    Decorations(DiscoveryUri uri) {
        service = uri.fixedService();
        debounce = uri.string("debounce", null) == null ? null : uri.duration("debounce", Duration.ZERO);
        debounceMax = uri.string("debounceMax", null) == null ? null : uri.duration("debounceMax", Duration.ZERO);
        guard = guard(uri);
        lastKnownGood = uri.string("lastKnownGood", null);
        maxAge = uri.duration("lastKnownGoodMaxAge", LastKnownGoodDiscovery.DEFAULT_MAX_AGE);
        weightFrom = uri.string("weightFrom", null);
        zoneFrom = uri.string("zoneFrom", null);
        filter(uri, "zone", InstanceFilters::zone);
        filter(uri, "tag", InstanceFilters::tag);
        filter(uri, "version", InstanceFilters::version);
        fallback = uri.string("fallback", null);
        if (debounceMax != null && debounce == null) {
            throw new IllegalArgumentException("debounceMax: given (expected: debounce besides), in " + uri);
        }
    }

    private static @Nullable AddressGuard guard(DiscoveryUri uri) {
        String[] allowed = uri.list("guardAllow").toArray(String[]::new);
        String[] denied = uri.list("guardDeny").toArray(String[]::new);
        boolean names = uri.bool("guardNames", true);
        boolean on = uri.oneOf("guard", "on", "on", "off").equals("on");
        AddressGuard guard = AddressGuard.builder()
                .allow(allowed)
                .deny(denied)
                .hostNames(names)
                .build();
        return on ? guard : null;
    }

    private void filter(DiscoveryUri uri, String name, Filter filter) {
        if (uri.isAsked(name)) {
            return;
        }
        String[] values = uri.list(name).toArray(String[]::new);
        if (values.length > 0) {
            filters.add(filter.of(values));
        }
    }

    private interface Filter {
        Predicate<ServiceInstance> of(String... values);
    }

    /** The source with all that over it, which is closed with it. */
    ServiceDiscovery over(ServiceDiscovery source) {
        ServiceDiscovery all = service == null ? source : NamedDiscovery.of(source, service);
        if (debounce != null) {
            DebouncedDiscovery.Builder builder = DebouncedDiscovery.builder(all).quiet(debounce);
            all = debounceMax == null
                    ? builder.build()
                    : builder.maxDelay(debounceMax).build();
        }
        all = guarded(all);
        if (lastKnownGood != null) {
            // What was saved may be older than the guard's rules.
            all = guarded(LastKnownGoodDiscovery.builder(all)
                    .directory(Path.of(lastKnownGood))
                    .maxAge(maxAge)
                    .build());
        }
        all = mapped(all, weightFrom == null ? null : InstanceMappers.weightFrom(weightFrom));
        all = mapped(all, zoneFrom == null ? null : InstanceMappers.zoneFrom(zoneFrom));
        for (Predicate<ServiceInstance> filter : filters) {
            all = FilteredDiscovery.of(all, filter);
        }
        return fallback == null ? all : FirstDiscovery.of(all, Discoveries.open(fallback));
    }

    private static ServiceDiscovery mapped(ServiceDiscovery source, @Nullable UnaryOperator<ServiceInstance> mapper) {
        return mapper == null ? source : MappedDiscovery.of(source, mapper);
    }

    private ServiceDiscovery guarded(ServiceDiscovery source) {
        return guard == null ? source : GuardedDiscovery.of(source, guard);
    }
}
