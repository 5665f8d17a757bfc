package io.lb4j.discovery.dns;

import io.lb4j.discovery.dns.DnsAnswer.Outcome;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ResolverConfig;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * Asks several servers, one after the other until one answers, beginning with the one that did last; follows aliases and the
 * search list. Thread-safe.
 */
final class DnsResolver {
    private static final int MAX_ALIASES = 8;

    /** Where a server doesn't say how long its no holds (RFC 2308, section 5, would not keep it at all). */
    private static final long DEFAULT_NEGATIVE_TTL = 5;

    private final Transport transport;
    private final boolean systems;
    private final @Nullable List<String> ownSearch;
    private volatile Setup setup;

    /** The place in the list of servers of the one that answered last. */
    private volatile int preferred;

    private record Setup(List<InetSocketAddress> servers, List<Name> search, int ndots) {}

    /** How one server is asked. */
    interface Transport {
        /**
         * Asks, and waits.
         *
         * @throws IOException if there was no answer that could be understood; the message doesn't name the server
         */
        Message ask(InetSocketAddress server, Record question) throws IOException;
    }

    /** One question for one name, which may take several messages. */
    interface Question {
        DnsAnswer ask(Name name) throws IOException;
    }

    /**
     * A resolver.
     *
     * @param servers none for those of this machine
     * @param search null for this machine's search list with this machine's servers, and none with others
     */
    DnsResolver(Transport transport, List<InetSocketAddress> servers, @Nullable List<String> search) {
        this.transport = transport;
        this.systems = servers.isEmpty();
        this.ownSearch = search;
        this.setup = systems ? ofThisMachine() : new Setup(servers, own(List.of()), 1);
    }

    private Setup ofThisMachine() {
        ResolverConfig config = ResolverConfig.getCurrentConfig();
        return new Setup(config.servers(), own(config.searchPath()), config.ndots());
    }

    private List<Name> own(List<Name> otherwise) {
        if (ownSearch == null) {
            return otherwise;
        }
        return ownSearch.stream().map(domain -> absolute(domain)).toList();
    }

    /** The name, absolute whether it ends with a dot or not. */
    static Name absolute(String text) {
        try {
            return Name.fromString(text, Name.root);
        } catch (TextParseException e) {
            throw new IllegalArgumentException(
                    "DNS name: '" + text + "' (expected: labels of 1 to 63 characters, separated by dots)", e);
        }
    }

    /**
     * Asks for the name, and if it isn't absolute for those that the search list makes of it. What can't be asked ends the
     * search, since further names may belong to somebody else.
     */
    DnsAnswer search(String text, Question question) throws IOException {
        DnsAnswer best = null;
        for (Name name : candidates(text)) {
            DnsAnswer answer = question.ask(name);
            if (answer.outcome() == Outcome.FOUND) {
                return answer;
            }
            best = best == null ? answer : best.with(answer);
        }
        if (best == null) {
            throw new IOException(servers() + ": '" + text + "' is too long with every domain of the search list");
        }
        return best;
    }

    private List<Name> candidates(String text) {
        Name name = absolute(text);
        Setup now = setup;
        if (text.endsWith(".") || now.search.isEmpty()) {
            return List.of(name);
        }
        List<Name> names = new ArrayList<>();
        Name relative = name.relativize(Name.root);
        for (Name domain : now.search) {
            try {
                names.add(Name.concatenate(relative, domain));
            } catch (NameTooLongException e) {
                // Then there is no such name.
            }
        }
        names.add(relative.labels() - 1 >= now.ndots ? 0 : names.size(), name);
        return names;
    }

    /** Asks for one type of records. */
    DnsAnswer ask(Name name, int type) throws IOException {
        Name at = name;
        long ttl = Long.MAX_VALUE;
        int aliases = 0;
        while (true) {
            Message message = askServers(Record.newRecord(at, type, DClass.IN));
            List<Record> answers = message.getSection(Section.ANSWER);
            Name asked = at;
            for (CNAMERecord alias = alias(answers, at); alias != null; alias = alias(answers, at)) {
                if (++aliases > MAX_ALIASES) {
                    throw new IOException(servers() + ": " + name + " is an alias of an alias, more than " + MAX_ALIASES
                            + " times, as of " + alias.getTarget());
                }
                ttl = Math.min(ttl, alias.getTTL());
                at = alias.getTarget();
            }
            Name end = at;
            List<Record> found = answers.stream()
                    .filter(each -> each.getType() == type && each.getName().equals(end))
                    .toList();
            if (!found.isEmpty()) {
                for (Record each : found) {
                    ttl = Math.min(ttl, each.getTTL());
                }
                return new DnsAnswer(Outcome.FOUND, found, message.getSection(Section.ADDITIONAL), ttl);
            }
            SOARecord soa = soa(message);
            boolean noName = message.getRcode() == Rcode.NXDOMAIN;
            if (noName || soa != null || at.equals(asked)) {
                long negative = soa == null ? DEFAULT_NEGATIVE_TTL : Math.min(soa.getTTL(), soa.getMinimum());
                return new DnsAnswer(
                        noName ? Outcome.NO_NAME : Outcome.NO_DATA, List.of(), List.of(), Math.min(ttl, negative));
            }
            // The server knew where the alias leads, but not what is there.
        }
    }

    private static @Nullable CNAMERecord alias(List<Record> answers, Name name) {
        for (Record each : answers) {
            if (each instanceof CNAMERecord alias && alias.getName().equals(name)) {
                return alias;
            }
        }
        return null;
    }

    private static @Nullable SOARecord soa(Message message) {
        for (Record each : message.getSection(Section.AUTHORITY)) {
            if (each instanceof SOARecord soa) {
                return soa;
            }
        }
        return null;
    }

    private Message askServers(Record question) throws IOException {
        List<InetSocketAddress> servers = setup.servers;
        int first = preferred;
        StringJoiner troubles = new StringJoiner("; ");
        IOException last = null;
        for (int i = 0; i < servers.size(); i++) {
            int at = (first + i) % servers.size();
            try {
                Message answer = transport.ask(servers.get(at), question);
                check(answer);
                preferred = at;
                return answer;
            } catch (IOException e) {
                troubles.add(shown(servers.get(at)) + ": " + e.getMessage());
                last = e;
            }
        }
        if (systems) {
            // Another network has other servers.
            ResolverConfig.refresh();
            setup = ofThisMachine();
        }
        throw new IOException(
                troubles + " (asked for " + question.getName() + " " + Type.string(question.getType()) + ")", last);
    }

    private static void check(Message answer) throws IOException {
        int rcode = answer.getRcode();
        if (rcode != Rcode.NOERROR && rcode != Rcode.NXDOMAIN) {
            throw new IOException("answered " + Rcode.string(rcode));
        }
        boolean referral = rcode == Rcode.NOERROR
                && answer.getSection(Section.ANSWER).isEmpty()
                && soa(answer) == null
                && !answer.getHeader().getFlag(Flags.AA)
                && answer.getSection(Section.AUTHORITY).stream().anyMatch(NSRecord.class::isInstance);
        if (referral) {
            throw new IOException("knows only whom else to ask (expected: a server that asks for others)");
        }
    }

    static String shown(InetSocketAddress server) {
        String host = server.getAddress().getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + server.getPort();
    }

    private String servers() {
        return setup.servers.stream().map(DnsResolver::shown).collect(Collectors.joining(", "));
    }

    @Override
    public String toString() {
        return "DNS " + servers();
    }
}
