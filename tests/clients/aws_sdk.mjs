// A person's token becomes AWS credentials by the providers of the AWS SDK for JavaScript, configured by the
// environment alone; then CloudWatch is asked with them. Prints who AWS took it for, or AWS's refusal.
import { CloudWatchClient, ListMetricsCommand } from '@aws-sdk/client-cloudwatch'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { fromCognitoIdentityPool, fromWebToken } from '@aws-sdk/credential-providers'

const given = JSON.parse(process.argv[2])
const env = process.env
const region = env.AWS_REGION
const clientConfig = { region, maxAttempts: 1 }

function credentials() {
  const token = given.token || env.TOKEN
  if (env.AUTH_PROVIDER === 'oidc') {
    return fromWebToken({
      clientConfig,
      roleArn: env.AWS_CLOUDWATCH_ROLE_ARN,
      roleSessionName: 'javascript',
      webIdentityToken: token,
    })
  }
  const pool = `cognito-idp.${region}.amazonaws.com/${env.AWS_COGNITO_USER_POOL_ID}`
  return fromCognitoIdentityPool({
    clientConfig,
    identityPoolId: env.AWS_COGNITO_IDENTITY_POOL_ID,
    logins: { [pool]: token },
  })
}

const config = { region, credentials: credentials(), maxAttempts: 1 }
try {
  const { Arn } = await new STSClient(config).send(new GetCallerIdentityCommand({}))
  const { Metrics } = await new CloudWatchClient(config).send(new ListMetricsCommand({}))
  console.log(JSON.stringify({ arn: Arn, metrics: Metrics.map((metric) => metric.MetricName) }))
} catch (error) {
  console.log(JSON.stringify({ error: error.name, status: error.$metadata?.httpStatusCode }))
}
process.exit(0)
