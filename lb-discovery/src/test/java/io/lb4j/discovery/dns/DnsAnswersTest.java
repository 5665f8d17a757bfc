package io.lb4j.discovery.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.dns.DnsAnswer.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ResolverConfig;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What is made of answers, without a server. */
class DnsAnswersTest {
    private static final String SOA = "test. 60 IN SOA ns.test. h.test. 1 1 1 1 30";

    private final Map<String, Message> answers = new HashMap<>();
    private final List<String> asked = new ArrayList<>();
    private final ExecutorService workers = Executors.newSingleThreadExecutor();

    @AfterEach
    void stop() {
        workers.shutdownNow();
    }

    private Message answer(String question, String... records) {
        Message message = new Message();
        FakeDns.records(records).forEach(each -> message.addRecord(each, Section.ANSWER));
        answers.put(question, message);
        return message;
    }

    private void refuse(String question, int rcode, String... authority) {
        Message message = answer(question);
        message.getHeader().setRcode(rcode);
        FakeDns.records(authority).forEach(each -> message.addRecord(each, Section.AUTHORITY));
    }

    private Message said(InetSocketAddress server, Record question) throws IOException {
        String text = question.getName() + " " + Type.string(question.getType());
        asked.add(text);
        Message message = answers.get(text);
        if (message == null) {
            throw new IOException("no answer in time");
        }
        return message;
    }

    private DnsResolver resolver(String... search) {
        InetSocketAddress server = new InetSocketAddress(InetAddress.getLoopbackAddress(), 53);
        return new DnsResolver(this::said, List.of(server), List.of(search));
    }

    private DnsAnswer ask(String name, String... search) throws IOException {
        DnsResolver resolver = resolver(search);
        return resolver.search(name, each -> resolver.ask(each, Type.A));
    }

    private Targets services(DnsDiscovery.Family family) {
        return new Targets(resolver(), workers, new Targets.Rules(0, family, false));
    }

    private static List<String> authorities(Targets.Found found) {
        return found.instances().stream().map(ServiceInstance::authority).toList();
    }

    @Test
    void shortestTimeToLive_holds() throws IOException {
        answer("a.test. A", "a.test. 3 IN A 10.0.0.1", "a.test. 9 IN A 10.0.0.2");

        assertThat(ask("a.test").ttlSeconds()).isEqualTo(3);
    }

    @Test
    void noName_holdsAsLongAsItsAlias_orAWhileIfNobodySays() throws IOException {
        refuse("a.test. A", Rcode.NXDOMAIN, SOA);
        answers.get("a.test. A")
                .addRecord(FakeDns.records("a.test. 7 IN CNAME b.test.").get(0), Section.ANSWER);
        refuse("c.test. A", Rcode.NXDOMAIN);

        assertThat(ask("a.test")).isEqualTo(new DnsAnswer(Outcome.NO_NAME, List.of(), List.of(), 7));
        assertThat(ask("c.test")).isEqualTo(new DnsAnswer(Outcome.NO_NAME, List.of(), List.of(), 5));
    }

    /** Whoever may answer for one name may not say where another one is. */
    @Test
    void recordsOfOtherNames_areNotTaken() throws IOException {
        answer("a.test. A", "b.test. 5 IN A 10.0.0.9", "a.test. 5 IN A 10.0.0.1");

        assertThat(ask("a.test").records()).containsExactlyElementsOf(FakeDns.records("a.test. 5 IN A 10.0.0.1"));
    }

    /** Who has the last word and has nothing names its name servers, too. */
    @Test
    void nothing_fromWhoKnows_isNoReferral() throws IOException {
        refuse("a.test. A", Rcode.NOERROR, "test. 60 IN NS ns.test.");
        answers.get("a.test. A").getHeader().setFlag(Flags.AA);

        assertThat(ask("a.test").outcome()).isEqualTo(Outcome.NO_DATA);
    }

    @Test
    void nameWithADotAtItsEnd_isNotSearchedFor() throws IOException {
        refuse("a. A", Rcode.NXDOMAIN, SOA);

        assertThat(ask("a.", "test").outcome()).isEqualTo(Outcome.NO_NAME);
        assertThat(asked).containsExactly("a. A");
    }

    @Test
    void nameThatIsThereInOneDomain_exists() throws IOException {
        refuse("a.test. A", Rcode.NOERROR, SOA);
        refuse("a. A", Rcode.NXDOMAIN, SOA);

        assertThat(ask("a", "test").outcome()).isEqualTo(Outcome.NO_DATA);
        assertThat(asked).containsExactly("a.test. A", "a. A");
    }

    /** What came with the answer is one family's. */
    @Test
    void bothFamilies_areAskedFor_whateverCameAlong() throws IOException {
        Message message = answer("s.test. SRV", "s.test. 5 IN SRV 1 1 80 a.test.");
        message.addRecord(FakeDns.records("a.test. 5 IN A 10.0.0.1").get(0), Section.ADDITIONAL);
        answer("a.test. A", "a.test. 5 IN A 10.0.0.1");
        answer("a.test. AAAA", "a.test. 5 IN AAAA ::1");

        assertThat(authorities(services(DnsDiscovery.Family.BOTH).find("s.test")))
                .containsExactly("10.0.0.1:80", "[0:0:0:0:0:0:0:1]:80");
    }

    @Test
    void ofTwoRecordsThatLeadToOneAddress_thePreferredOneCounts() throws IOException {
        answer("s.test. SRV", "s.test. 5 IN SRV 2 9 80 a.test.", "s.test. 5 IN SRV 1 3 80 b.test.");
        answer("a.test. A", "a.test. 5 IN A 10.0.0.1");
        answer("b.test. A", "b.test. 5 IN A 10.0.0.1");

        assertThat(services(DnsDiscovery.Family.IPV4).find("s.test").instances())
                .singleElement()
                .returns(0, ServiceInstance::priority)
                .returns(3.0, ServiceInstance::weight);
    }

    @Test
    void targetInTrouble_isAskedForAgainSoon_andForgottenOnceItHasLeft() throws IOException {
        Targets targets = services(DnsDiscovery.Family.IPV4);
        String a = "s.test. 5 IN SRV 1 1 80 a.test.";
        String b = "s.test. 5 IN SRV 1 1 80 b.test.";
        answer("s.test. SRV", a, b);
        answer("a.test. A", "a.test. 5 IN A 10.0.0.1");
        answer("b.test. A", "b.test. 5 IN A 10.0.0.2");
        assertThat(targets.find("s.test").ttlSeconds()).isEqualTo(5);

        answers.remove("b.test. A");
        Targets.Found found = targets.find("s.test");
        assertThat(authorities(found)).containsExactly("10.0.0.1:80", "10.0.0.2:80");
        assertThat(found.ttlSeconds()).isZero();

        answer("s.test. SRV", a);
        assertThat(authorities(targets.find("s.test"))).containsExactly("10.0.0.1:80");
        // It may be another server by now.
        answer("s.test. SRV", a, b);
        assertThat(authorities(targets.find("s.test"))).containsExactly("10.0.0.1:80");
    }

    /** Another network has other servers. */
    @Test
    void serversOfThisMachine_areLookedUpAgain_whenNoneAnswers() {
        List<String> servers = new ArrayList<>();
        try {
            System.setProperty("dns.server", "10.0.0.1");
            ResolverConfig.refresh();
            DnsResolver resolver = new DnsResolver(
                    (server, question) -> {
                        servers.add(server.getAddress().getHostAddress());
                        throw new IOException("no answer in time");
                    },
                    List.of(),
                    List.of());
            System.setProperty("dns.server", "10.0.0.2");
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> resolver.ask(DnsResolver.absolute("a.test"), Type.A))
                        .isInstanceOf(IOException.class);
            }
        } finally {
            System.clearProperty("dns.server");
            ResolverConfig.refresh();
        }
        assertThat(servers).containsExactly("10.0.0.1", "10.0.0.2");
    }
}
