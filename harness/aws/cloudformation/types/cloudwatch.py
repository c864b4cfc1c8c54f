"""CloudWatch and CloudWatch Logs: alarms, dashboards, log groups, log streams and saved queries.

Source: AWS CloudFormation Template Reference, ``AWS::CloudWatch`` and ``AWS::Logs``.
"""

from __future__ import annotations

from harness.aws.cloudformation.types.resource_type import Do, Part, ResourceType, names

__all__ = ["CLOUDWATCH"]

_LOG_GROUP = {"logGroupName": "LogGroupName"}
_GROUP = {"logGroupIdentifier": "LogGroupName"}

CLOUDWATCH = (
    ResourceType(
        name="AWS::CloudWatch::Alarm",
        service="cloudwatch",
        properties=names(
            "ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator DatapointsToAlarm "
            "Dimensions EvaluateLowSampleCountPercentile EvaluationPeriods ExtendedStatistic "
            "InsufficientDataActions MetricName Metrics Namespace OKActions Period Statistic Tags Threshold "
            "ThresholdMetricId TreatMissingData Unit"
        ),
        lacking=frozenset(
            {
                "ActionConfiguration",
                "EvaluationCriteria",
                "EvaluationInterval",
                "EvaluationWindow",
                "WarmUpConfiguration",
            }
        ),
        naming="AlarmName",
        longest_name=255,
        taken=(Do("DescribeAlarms", {"AlarmNames": "[AlarmName]"}), "MetricAlarms"),
        create=Do("PutMetricAlarm", whole=True),
        update=(Do("PutMetricAlarm", whole=True),),
        delete=Do("DeleteAlarms", {"AlarmNames": "[AlarmName]"}),
        parts=(
            Part(
                property="Tags",
                each=True,
                put=Do("TagResource", {"ResourceARN": "Arn", "Tags": "[Item]"}),
                drop=Do("UntagResource", {"ResourceARN": "Arn", "TagKeys": "[Item.Key]"}),
            ),
        ),
        fixed=frozenset({"AlarmName"}),
        derived={"Arn": "arn:{Partition}:cloudwatch:{Region}:{AccountId}:alarm:{AlarmName}"},
        ref="AlarmName",
        attributes=names("Arn"),
        tags="Tags",
    ),
    ResourceType(
        name="AWS::CloudWatch::Dashboard",
        service="cloudwatch",
        properties=names("DashboardBody DashboardName"),
        lacking=frozenset({"Tags"}),
        required=("DashboardBody",),
        naming="DashboardName",
        longest_name=255,
        create=Do("PutDashboard", whole=True),
        update=(Do("PutDashboard", whole=True),),
        delete=Do("DeleteDashboards", {"DashboardNames": "[DashboardName]"}),
        fixed=frozenset({"DashboardName"}),
        ref="DashboardName",
    ),
    ResourceType(
        name="AWS::Logs::LogGroup",
        service="logs",
        properties=names(
            "DataProtectionPolicy FieldIndexPolicies RetentionInDays",
            DeletionProtectionEnabled="deletionProtectionEnabled",
            KmsKeyId="kmsKeyId",
            LogGroupClass="logGroupClass",
            LogGroupName="logGroupName",
            Tags="tags",
        ),
        lacking=frozenset({"BearerTokenAuthenticationEnabled", "ResourcePolicyDocument"}),
        naming="LogGroupName",
        longest_name=512,
        create=Do("CreateLogGroup", whole=True),
        delete=Do("DeleteLogGroup", _LOG_GROUP),
        parts=(
            Part(
                property="RetentionInDays",
                put=Do("PutRetentionPolicy", {**_LOG_GROUP, "retentionInDays": "Item"}),
                drop=Do("DeleteRetentionPolicy", _LOG_GROUP),
            ),
            Part(
                property="KmsKeyId",
                put=Do("AssociateKmsKey", {**_LOG_GROUP, "kmsKeyId": "Item"}),
                drop=Do("DisassociateKmsKey", _LOG_GROUP),
            ),
            Part(
                property="DeletionProtectionEnabled",
                put=Do("PutLogGroupDeletionProtection", {**_GROUP, "deletionProtectionEnabled": "Item"}),
                drop=Do("PutLogGroupDeletionProtection", {**_GROUP, "deletionProtectionEnabled": "=false"}),
            ),
            Part(
                property="DataProtectionPolicy",
                put=Do("PutDataProtectionPolicy", {**_GROUP, "policyDocument": "Item"}),
                drop=Do("DeleteDataProtectionPolicy", _GROUP),
            ),
            Part(
                property="FieldIndexPolicies",
                each=True,
                put=Do("PutIndexPolicy", {**_GROUP, "policyDocument": "Item"}),
                drop=Do("DeleteIndexPolicy", _GROUP),
            ),
            Part(
                property="Tags",
                each=True,
                put=Do("TagResource", {"resourceArn": "TagArn", "tags": "[Item]"}),
                drop=Do("UntagResource", {"resourceArn": "TagArn", "tagKeys": "[Item.Key]"}),
            ),
        ),
        fixed=frozenset({"LogGroupName"}),
        derived={
            "Arn": "arn:{Partition}:logs:{Region}:{AccountId}:log-group:{LogGroupName}:*",
            "TagArn": "arn:{Partition}:logs:{Region}:{AccountId}:log-group:{LogGroupName}",
        },
        ref="LogGroupName",
        attributes=names("Arn"),
        tags="Tags",
    ),
    ResourceType(
        name="AWS::Logs::LogStream",
        service="logs",
        properties=names("", LogGroupName="logGroupName", LogStreamName="logStreamName"),
        required=("LogGroupName",),
        naming="LogStreamName",
        within="LogGroupName",
        longest_name=512,
        create=Do("CreateLogStream", whole=True),
        delete=Do("DeleteLogStream", {**_LOG_GROUP, "logStreamName": "LogStreamName"}),
        fixed=frozenset({"LogGroupName", "LogStreamName"}),
        ref="LogStreamName",
    ),
    ResourceType(
        name="AWS::Logs::QueryDefinition",
        service="logs",
        properties=names(
            "",
            LogGroupNames="logGroupNames",
            Name="name",
            Parameters="parameters",
            QueryLanguage="queryLanguage",
            QueryString="queryString",
        ),
        required=("Name", "QueryString"),
        create=Do("PutQueryDefinition", whole=True),
        update=(Do("PutQueryDefinition", {"queryDefinitionId": "queryDefinitionId"}, whole=True),),
        delete=Do("DeleteQueryDefinition", {"queryDefinitionId": "queryDefinitionId"}),
        ref="queryDefinitionId",
        attributes={"QueryDefinitionId": "queryDefinitionId"},
    ),
)
