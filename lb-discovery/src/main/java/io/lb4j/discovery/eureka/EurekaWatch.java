package io.lb4j.discovery.eureka;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.Bulletin;
import io.lb4j.discovery.internal.Names;
import io.lb4j.discovery.internal.ServiceWatches;
import io.lb4j.discovery.internal.Watchers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** One service of all that the registry knows. Told one thing at a time. */
final class EurekaWatch implements ServiceWatches.Running {
    private final String service;
    private final boolean byVip;
    private final EurekaRegistry registry;
    private final Bulletin bulletin;

    /** Who tells writes this: whether it has ever been there. */
    private boolean seen;

    EurekaWatch(String service, boolean byVip, EurekaRegistry registry) {
        this.service = service;
        this.byVip = byVip;
        this.registry = registry;
        this.bulletin = new Bulletin(registry.toString(), service);
    }

    @Override
    public Watchers watchers() {
        return bulletin.watchers();
    }

    @Override
    public void start() {
        registry.add(this);
    }

    void known(EurekaApplications known, EurekaForgotten forgotten) {
        List<EurekaEntry> entries = known.find(service, byVip);
        List<EurekaEntry> kept = forgotten.find(service, byVip);
        if (entries.isEmpty() && kept.isEmpty() && !seen) {
            bulletin.unknown("(expected: " + Names.oneOf(known.names(byVip)) + ")");
            return;
        }
        // Eureka has no application without instances: that it is gone says that its last instance is.
        seen = true;
        List<String> complaints = new ArrayList<>();
        Map<String, ServiceInstance> byId = new LinkedHashMap<>();
        for (EurekaEntry entry : entries) {
            add(entry, byId, complaints);
        }
        Set<String> addresses =
                byId.values().stream().map(ServiceInstance::authority).collect(Collectors.toSet());
        for (EurekaEntry entry : kept) {
            ServiceInstance instance = entry.instance();
            if (instance != null && !addresses.contains(instance.authority())) {
                byId.putIfAbsent(instance.id(), instance);
            }
        }
        bulletin.instances(List.copyOf(byId.values()), complaints);
    }

    private static void add(EurekaEntry entry, Map<String, ServiceInstance> byId, List<String> complaints) {
        if (entry.complaint() != null) {
            complaints.add(entry.complaint());
        }
        ServiceInstance instance = entry.instance();
        if (instance != null && byId.putIfAbsent(instance.id(), instance) != null) {
            complaints.add("instance " + instance.id() + " is listed twice");
        }
    }

    void trouble(IOException error) {
        bulletin.trouble(error);
    }

    @Override
    public void close() {
        registry.remove(this);
        bulletin.watchers().close();
    }
}
