package io.lb4j.discovery.eureka;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceInstance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of an instance in Eureka's words. */
class EurekaEntryTest {
    private static final EurekaEntry.Choice USUAL = new EurekaEntry.Choice(true, false);

    private static EurekaEntry read(String json, EurekaEntry.Choice choice) throws JsonProcessingException {
        return EurekaEntry.read(new ObjectMapper().readTree(json.replace('\'', '"')), choice);
    }

    private static ServiceInstance instance(String more) throws JsonProcessingException {
        EurekaEntry entry = read(
                "{'instanceId':'i1','hostName':'h.example','ipAddr':'10.0.0.1','status':'UP',"
                        + "'port':{'$':80,'@enabled':'true'},'securePort':{'$':443,'@enabled':'false'}" + more + "}",
                USUAL);
        assertThat(entry.complaint()).isNull();
        return entry.instance();
    }

    @Test
    void metadata_saysWeightZoneAndPriority_andAmazonTheZoneElse() throws Exception {
        ServiceInstance said = instance(
                ",'metadata':{'@class':'x','weight':'2.5','zone':' z1 ','priority':'300','version':'7','n':1}");
        assertThat(said.weight()).isEqualTo(2.5);
        assertThat(said.zone()).isEqualTo("z1");
        assertThat(said.priority()).isEqualTo(127);
        assertThat(said.metadata())
                .containsEntry("version", "7")
                .containsEntry("n", "1")
                .doesNotContainKey("@class");

        String amazon =
                ",'dataCenterInfo':{'name':'Amazon','metadata':{'availability-zone':'us-east-1c','instance-id':'i-7'}}";
        assertThat(instance(amazon).zone()).isEqualTo("us-east-1c");
        assertThat(instance(amazon + ",'metadata':{'zone':'z2'}").zone()).isEqualTo("z2");
        assertThat(instance(",'metadata':{'@class':'java.util.Collections$EmptyMap'}")
                        .zone())
                .isNull();
    }

    @Test
    void slipsInMetadata_areTold_andTheInstanceIsUsed() throws Exception {
        EurekaEntry entry = read(
                "{'instanceId':'i 1','hostName':'h','status':'UP','port':{'$':'80'},"
                        + "'metadata':{'weight':'-1','priority':'high'}}",
                USUAL);

        assertThat(entry.instance()).isNotNull();
        assertThat(entry.instance().id()).isEqualTo("i_1");
        assertThat(entry.instance().port()).isEqualTo(80);
        assertThat(entry.instance().weight()).isEqualTo(1);
        assertThat(entry.complaint())
                .isEqualTo("instance i 1: weight -1 (expected: a number from 0 to 1000000), taken for 1,"
                        + " priority high (expected: a whole number), taken for 0");
    }

    @ParameterizedTest
    @CsvSource({
        // plain, secure, preferTls, port, whether secure
        "true, false, true, 80, false",
        "false, true, false, 443, true",
        "true, true, true, 443, true",
        "true, true, false, 80, false",
    })
    void port_isTheOneThatIsInUse(String plain, String secure, boolean preferTls, int port, boolean isSecure)
            throws Exception {
        ServiceInstance instance = read(
                        "{'hostName':'h','status':'UP','port':{'$':80,'@enabled':'" + plain
                                + "'},'securePort':{'$':443,'@enabled':" + secure + "}}",
                        new EurekaEntry.Choice(preferTls, false))
                .instance();

        assertThat(instance.port()).isEqualTo(port);
        assertThat(instance.secure()).isEqualTo(isSecure);
        assertThat(instance.id()).isEqualTo("h");
    }

    @Test
    void host_isTheName_orTheAddress() throws Exception {
        String both = "{'hostName':'h','ipAddr':'[::1]','status':'UP','port':{'$':80}}";
        assertThat(read(both, USUAL).instance().host()).isEqualTo("h");
        assertThat(read(both, new EurekaEntry.Choice(true, true)).instance().host())
                .isEqualTo("::1");
        assertThat(read("{'instanceId':'a','ipAddr':'10.0.0.1','status':'UP','port':{'$':80}}", USUAL)
                        .instance()
                        .host())
                .isEqualTo("10.0.0.1");
    }

    @ParameterizedTest
    @CsvSource({"UP, 2, UP", "OUT_OF_SERVICE, 0, OUT_OF_SERVICE", "up, 2, UP"})
    void status_thatIsCalled_orDrains(String status, double weight, String counted) throws Exception {
        EurekaEntry entry =
                read("{'hostName':'h','status':'" + status + "','port':{'$':80},'metadata':{'weight':'2'}}", USUAL);
        assertThat(entry.status()).isEqualTo(counted);
        assertThat(entry.instance().weight()).isEqualTo(weight);
        assertThat(entry.instance().metadata().get(EurekaDiscovery.STATUS)).isEqualTo(weight == 0 ? status : null);
    }

    @ParameterizedTest
    @CsvSource({"DOWN, DOWN", "STARTING, STARTING", "UNKNOWN, UNKNOWN", "ODD, UNKNOWN", "'', UNKNOWN"})
    void status_thatIsNotCalled(String status, String counted) throws Exception {
        EurekaEntry entry = read("{'hostName':'h','status':'" + status + "','port':{'$':80}}", USUAL);
        assertThat(entry.status()).isEqualTo(counted);
        assertThat(entry.instance()).isNull();
        assertThat(entry.complaint()).isNull();
    }

    @Test
    void virtualAddresses_areAllOfBoth() throws Exception {
        assertThat(read("{'hostName':'h','vipAddress':'a, b.example','secureVipAddress':'a,C'}", USUAL)
                        .vips())
                .containsExactlyInAnyOrder("A", "B.EXAMPLE", "C");
    }
}
